"""Send and reply: from a draft to bytes in every recipient's inbox."""

from __future__ import annotations

from amq.errors import BadMessage, Conflict, NotFound, UsageError
from amq.instants import format_instant
from amq.mail.account import Account
from amq.message import (
    LAST_REFS,
    MAX_FILE_BYTES,
    Header,
    Message,
    fits_answer,
    is_repeat,
    parse,
    render,
    reply_kind,
    reply_subject,
)
from amq.names import (
    KINDS,
    PRIORITIES,
    USER,
    check_line,
    check_new_id,
    did_you_mean,
    group_thread,
    is_handle,
    message_id,
    nearest,
    p2p_thread,
)
from amq.record import record, replace
from amq.store import maildir, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from amq.layout import AgentLayout
    from amq.mail.summary import Summary

ALL = "@all"


@record
class Draft:
    """The fields that the writer of a message sets, besides the body; empty means the default.

    `check` is called with all recipients before anything is delivered, and raises what forbids it.
    """

    subject: str = ""
    thread: str = ""
    kind: str = ""
    priority: str = ""
    labels: Sequence[str] = ()
    context: dict[str, Any] | None = None
    refs: Sequence[str] = ()
    ack: bool = False
    new_id: str = ""
    check: Callable[[Sequence[str]], None] | None = None


@record
class Sent:
    """A message that was sent. `repeated`: every recipient had it already. `outbox_error`: why no copy was kept."""

    id: str
    thread: str
    to: list[str]
    subject: str
    outbox_error: str = ""
    repeated: bool = False


@record
class Replied:
    """A reply that was sent, to the message `in_reply_to`, which was found in `original_box`: new, cur or sent."""

    sent: Sent
    in_reply_to: str
    original_box: str


def send(account: Account, to: Sequence[str], body: bytes, draft: Draft, *, create: bool = False) -> Sent:
    """Deliver a message durably to every recipient (`Mailbox.send`)."""
    recipients = _recipients(account, to, create)
    _check_draft(draft)
    if draft.check:
        draft.check(list(recipients))
    made, now = account.ids.make()
    identifier = check_new_id(draft.new_id) if draft.new_id else made
    handles = list(recipients)
    header = Header(
        id=identifier,
        sender=account.me,
        to=handles,
        created=format_instant(now),
        created_ns=now,
        thread=draft.thread or _thread(account.me, handles, identifier),
        subject=draft.subject,
        ack_required=draft.ack,
        refs=list(draft.refs),
        priority=draft.priority or ("normal" if draft.kind else ""),
        kind=draft.kind,
        labels=list(draft.labels),
        context=draft.context or {},
    )
    return _deliver(account, recipients, Message(header, body), repeatable=bool(draft.new_id))


def reply(account: Account, identifier: str, body: bytes, draft: Draft, *, create: bool = False) -> Replied:
    """Answer a message by its id (`Mailbox.reply`)."""
    message, box = maildir.find(account.agent, message_id(identifier))
    original = message.header
    to = original.to if original.sender == account.me else [original.sender]
    return Replied(answer(account, original, to, body, draft, create=create), original.id, box)


def answer(
    account: Account, original: Header | Summary, to: Sequence[str], body: bytes, draft: Draft, *, create: bool = False
) -> Sent:
    """Deliver an answer to the message ORIGINAL of any mailbox to the handles TO (`Mailbox.answer`)."""
    thread = draft.thread or original.conversation
    refs = _reply_refs(original, thread, draft.refs)
    whole = replace(
        draft,
        subject=draft.subject or reply_subject(original.subject, thread, *refs),
        thread=thread,
        kind=draft.kind or reply_kind(original.kind),
        refs=refs,
    )
    return send(account, to, body, whole, create=create)


def _thread(me: str, handles: list[str], identifier: str) -> str:
    """Return the thread of ME and the recipients HANDLES; if they are too many for a name, that of this message."""
    if len(handles) == 1:
        return p2p_thread(me, handles[0])
    return group_thread({me, *handles}) or f"group/{identifier}"


def _reply_refs(original: Header | Summary, thread: str, more: Sequence[str]) -> list[str]:
    """Return the references of an answer in THREAD: those of ORIGINAL and itself, or the last of these, then MORE."""
    if not fits_answer(thread):
        raise UsageError(f"the thread name of {original.id} is too long", hint="reply in another thread: --thread NAME")
    inherited = [*original.refs, original.id]
    kept = inherited if fits_answer(thread, *inherited) else inherited[-LAST_REFS:]
    return list(dict.fromkeys((*kept, *more)))


def _recipients(account: Account, to: Sequence[str], create: bool) -> dict[str, AgentLayout]:
    """Return every recipient once, by handle, with its mailbox."""
    handles = list(dict.fromkeys(each for word in to for each in _named(account, word)))
    if not handles:
        raise UsageError(
            "no recipient", hint="name them: --to HANDLE[,HANDLE…]; @all means every registered agent but you"
        )
    registered = account.registered()
    return {handle: _mailbox(account, handle, registered, create) for handle in handles}


def _named(account: Account, word: str) -> list[str]:
    """Return the handles for one WORD of `--to`. Raises AmqError for a group if the registry cannot be read."""
    if not word.startswith("@"):
        return [_abroad(account, word) if "@" in word else account.named(word, "--to")]
    everyone = [handle for handle in registry.read_registry(account.queue) or [] if handle != account.me]
    if word.lower() == ALL:
        return everyone
    from amq.mail.recipients import of_group

    return of_group(account, word, everyone)


def _abroad(account: Account, word: str) -> str:
    """Return the mailbox here of the agent elsewhere that WORD means, such as `codex@desk`. Raises AmqError."""
    handle, _, host = word.lower().partition("@")
    mailbox = f"{handle}-{host}"
    if not is_handle(mailbox):
        return account.named(word, "--to")  # raises UsageError
    from amq.store.remote import Remote, read_remote

    if read_remote(account.queue.agent(mailbox)) == Remote(handle, host):
        return mailbox
    known = sorted(str(remote) for remote in account.remote_agents().values())
    hint = f"known are {', '.join(known)}" if known else "no other host's agents are known here: see amq bridge status"
    raise NotFound(f"no agent {word} on another host is known here{did_you_mean(*nearest(word, known))}", hint=hint)


def _mailbox(account: Account, handle: str, registered: list[str] | None, create: bool) -> AgentLayout:
    """Return the mailbox of HANDLE; made if it is missing and the agent is registered, or with `create`."""
    listed = handle == USER or handle in (registered or ())
    agent = account.queue.agent(handle)
    if registry.has_mailbox(agent):
        if not listed and registered is not None and not _is_remote(agent):
            hint = f"add it: `amq init --agents {handle}`"
            account.complain(NotFound(f"{handle} is not in the registry", hint=hint))
    elif create and not listed and registered is not None:
        registry.register(account.queue, [handle], account.clock())
    elif create or listed:
        registry.make_mailbox(account.queue, handle)
    else:
        raise account.unknown(handle, registered or [], f"amq init --agents {handle}, or send with --create")
    return agent


def _is_remote(agent: AgentLayout) -> bool:
    from amq.store.remote import read_remote

    return read_remote(agent) is not None


def _check_draft(draft: Draft) -> None:
    if draft.kind and draft.kind not in KINDS:
        raise UsageError(f"unknown kind {draft.kind!r}", hint=f"use one of {', '.join(KINDS)}")
    if draft.priority and draft.priority not in PRIORITIES:
        raise UsageError(f"unknown priority {draft.priority!r}", hint=f"use one of {', '.join(PRIORITIES)}")
    check_line(draft.subject, "subject")
    check_line(draft.thread, "thread")
    for label in draft.labels:
        check_line(label, "label")


def _deliver(account: Account, recipients: dict[str, AgentLayout], message: Message, *, repeatable: bool) -> Sent:
    header = message.header
    data = _checked(message)
    missing, kept = recipients, False
    if repeatable:
        data, missing, kept = _what_is_missing(account, recipients, header.id, data)
        maildir.confirm(header.id, (agent for handle, agent in recipients.items() if handle not in missing))
    error = ""
    if missing:
        error = maildir.deliver(data, header.id, missing, account.agent.sent, account.temporary())
    elif not kept:
        error = maildir.keep_missing(data, header.id, account.agent, account.temporary())
    return Sent(header.id, header.thread, header.to, header.subject, error, repeated=not missing)


def _checked(message: Message) -> bytes:
    """Return the bytes of a message that every reader accepts; raises UsageError for one that readers would refuse."""
    try:
        data = render(message)
        if len(data) > MAX_FILE_BYTES:
            raise UsageError(
                f"the message is {len(data):,} bytes long; the limit is {MAX_FILE_BYTES:,}",
                hint="save it in a file and send the path",
            )
        parse(data, message.header.id)
    except (BadMessage, ValueError) as error:
        raise UsageError(f"this message would not be readable: {error}") from None
    return data


def _what_is_missing(
    account: Account, recipients: dict[str, AgentLayout], identifier: str, data: bytes
) -> tuple[bytes, dict[str, AgentLayout], bool]:
    """Return the bytes to deliver, the recipients who lack the message, and whether its sender kept a copy.

    The bytes are those of an earlier send if there was one, else DATA. Raises Conflict if it sent another message.
    """
    missing = {}
    for handle, agent in recipients.items():
        earlier = maildir.read_raw((agent.inbox_new, agent.inbox_cur), identifier)
        if earlier is None:
            missing[handle] = agent
        else:
            data = _repeated(data, earlier, identifier)
    kept = maildir.read_raw((account.agent.sent,), identifier)
    return data if kept is None else _repeated(data, kept, identifier), missing, kept is not None


def _repeated(data: bytes, earlier: bytes, identifier: str) -> bytes:
    """Return EARLIER if DATA repeats it; raises Conflict if not."""
    if is_repeat(data, earlier, identifier):
        return earlier
    raise Conflict(
        f"another message with the id {identifier} was already sent",
        hint="repeat with the same content, or without --new-id",
    )
