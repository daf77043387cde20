"""The output of commands about the queue, its agents and dead letters, and the contents of its other files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from amq.schema.base import Count, Handle, Id, Instant, Model, Open, absent

MailBy = Literal["plugin", "hooks", "typed", "nothing"]
Plugin = Literal["not-heard", "there", "silent", "dead"]
Hooks = Literal["active", "not-called", "ended", "failing"]

# -- the queue --------------------------------------------------------------------------------------------------------


class Initialised(Model):
    """A queue that exists now."""

    root: str
    """Its absolute path."""
    agents: list[Handle]
    """All registered agents, sorted."""


class Root(Model):
    """The queue that is used."""

    value: str
    """Its absolute path."""
    source: Literal["--root", "AM_ROOT", "found", "above"]
    """The source of that path; found: in the working directory or above."""


class Me(Model):
    """The caller."""

    value: Handle
    """The agent's handle; `user` is the user."""
    source: Literal["--me", "AM_ME", "terminal"]
    """The source of that handle; terminal: no agent is named, and a user is there."""


class Env(Model):
    """The queue and the agent that a command would use."""

    root: Root
    """The queue."""
    me: Me = absent
    """The agent; left out if it is not known."""


class AgentMoved(Model):
    """An agent that was removed or restored."""

    handle: Handle
    """The agent."""
    archived: str = absent
    """The absolute path of its removed mailbox, now or before; left out if it had none."""


class Swept(Model):
    """Temporary files of dead writers."""

    candidates: list[str]
    """The absolute paths of the files that are old enough, sorted."""
    count: Count
    """The number of these files."""
    removed: Count
    """The number of files removed: none with --dry-run, or if the user said no."""


class Failure(Model):
    """The error of a command with --json that fails, on one line of stderr. Warnings stay text."""

    error: str
    """The error message."""
    code: Literal[
        "failed", "usage", "not_found", "timeout", "uncertain", "conflict", "unsafe", "bad_message", "output",
        "host_failed", "cannot_run", "taken", "no_way", "no_private_directory", "unreadable", "no_network",
        "cannot_certify", "bad_bridge", "hub_failed", "no_bridge_extra", "no_hub", "hub_gone", "file_stays",
    ]  # fmt: skip
    """The kind of failure; the exit code is coarser."""
    hint: str
    """The remedy; may be empty."""


class Registry(Open):
    """The file `meta/config.json`: the agents of a queue. Other keys are kept."""

    version: int
    """The version of the format: 1."""
    created_utc: str
    """The time the queue was made, RFC 3339 in UTC, to the second."""
    agents: list[Handle]
    """The registered agents, sorted; each once."""
    groups: dict[Handle, list[Handle]] = absent
    """The groups: the agents of each, by its name."""


WaitsFor = Literal[
    "draft", "dialog", "api-error", "busy", "starting", "stopped", "low", "unknown-program", "unknown-screen",
    "unknown-look", "not-certified", "no-channel", "off", "untrusted-queue", "offered", "taken", "parked", "notified",
    "unknown", "no-hub", "hub-full", "on-its-way", "there", "refused",
]  # fmt: skip

# -- agents -----------------------------------------------------------------------------------------------------------


class Group(Model):
    """A name for several agents."""

    name: Handle
    """The name, without `@`."""
    agents: list[Handle]
    """Its agents, in the order in which they were named."""


ForS = Annotated[float, Field(gt=0, le=86_400)]


class Lease(Model):
    """A path that an agent has reserved."""

    path: str
    """The path from the top of the work tree; a directory ends with `/`, and `./` is the top itself."""
    holder: Handle
    """The agent that has the lease."""
    state: Literal["held", "lapsed", "gone"]
    """held: its holder works; lapsed: it was not seen at work for the lease's time; gone: it no longer runs."""
    left_s: Annotated[float, Field(ge=0)]
    """The time until it lapses in seconds, if its holder does nothing."""
    here: bool
    """True if it is in the caller's work tree. Only there others are to leave the path alone."""
    top: str
    """The top of its work tree, an absolute path."""
    taken: Instant
    """The time it was taken, RFC 3339 in UTC."""
    for_s: ForS
    """The time in seconds that it lasts after its holder's last act."""
    why: str = absent
    """Its purpose; left out if the holder did not say."""


class Freed(Model):
    """Leases that were given back."""

    freed: list[str]
    """Their paths."""


class StoredLease(Model):
    """A lease in the file of its holder."""

    path: str
    """The path, as in a printed lease."""
    top: str
    """The top of its work tree, an absolute path."""
    repository: str
    """The directory that stands for the repository: one for all of its work trees."""
    taken: Instant
    """The time it was taken, RFC 3339 in UTC."""
    for_s: ForS
    """The time in seconds that it lasts after its holder's last act."""
    why: str = absent
    """Its purpose; left out if the holder did not say."""


class Leases(Model):
    """The file `meta/leases/HANDLE.json`: the leases of one agent."""

    schema_: Literal[1] = Field(alias="schema")
    """The version of the format."""
    holder: Handle
    """The agent."""
    leases: list[StoredLease]
    """Its leases."""


class Presence(Open):
    """An agent's status, as in its `presence.json`. Other keys are kept."""

    schema_: Literal[1] = Field(alias="schema")
    """The version of the format."""
    handle: Handle
    """The agent."""
    status: str
    """Any word, such as busy, idle, away, …"""
    last_seen: Instant
    """The time the status was set, RFC 3339 in UTC."""
    note: str = absent
    """A note, on one line."""


class Notifier(Model):
    """The process that notifies an agent of its mail."""

    pid: int
    """Its process id."""
    how: str
    """The amq command that it runs, such as `run`."""


class Reported(Model):
    """The state of an agent as its notifier sees it."""

    state: Literal["idle", "working", "asks", "draft", "starting", "stopped", "unknown", "not-running"] = absent
    """Its activity; left out if nothing was ever known.

    asks: it asks the user something; draft: the user has typed something and not sent it; not-running: `amq run` hosted
    it, and does so no longer.
    """
    state_s: Annotated[float, Field(ge=0)] = absent
    """Seconds for which that has been so, where known."""
    question: str = absent
    """The question that it asks, such as `Bash(git push)`, where known; text from its screen."""
    program: str = absent
    """The name of its program, where known."""
    version: str = absent
    """The version of its program, where known."""


class Agent(Reported):
    """An agent's state."""

    handle: Handle
    """The agent."""
    unread: Count
    """The number of new messages."""
    unreadable: Annotated[int, Field(gt=0)] = absent
    """The number of these that cannot be read; left out if all can."""
    dead_letters: Count
    """The number of files from its inbox that were not messages and are kept, as dead letters or moved aside."""
    presence: Presence = absent
    """Its status; left out if it never set one."""
    oldest_age_s: Annotated[float, Field(ge=0)] = absent
    """The age of its oldest unread message in seconds; left out if there is none."""
    notifier: Notifier = absent
    """The process that notifies it; left out if there is none."""
    allowed: str = absent
    """The commands of amq that its CLI runs without asking, or why there are none, where `amq run` hosts it."""
    lacks: list[str] = absent
    """The things that its CLI should have been given and was not, with the reasons; left out if there is nothing."""
    not_certified: list[str] = absent
    """The scenarios of `amq certify` that its version failed and that limit what it is given; left out if none did."""
    mail_by: MailBy = absent
    """The way in which mail reaches it now, where `amq run` hosts it; nothing: by none."""
    hooks: Hooks = absent
    """The state of the hooks that `amq run` gave it; left out if it has none. Failing: their texts do not arrive."""
    plugin: Plugin = absent
    """The state of the plugin that `amq run` gave it; left out if it has none."""
    leases: list[str] = absent
    """The paths it has reserved, in any work tree; left out if there are none."""
    drift: dict[str, Count] = absent
    """The signs that its program is not as known (row, key, hooks, state:WORD), counted; left out if there are none."""
    session_name: str = absent
    """The name that its CLI shows for its session, where `amq run` hosts it; left out if that is not known."""
    host: str = absent
    """The host of an agent that is not on this one."""
    status_there: str = absent
    """The status that it has set there."""
    heard: Instant = absent
    """When that host was last heard."""
    seen: Instant = absent
    """When the agent was last active, as far as that host knows."""
    waits_for: WaitsFor = absent
    """The reason why its unread mail has not been read; left out if it has none."""
    waits_for_s: Annotated[float, Field(ge=0)] = absent
    """Seconds for which that has been so, where known."""
    detail: str = absent
    """The reason as a sentence."""


class Awaited(Reported):
    """An agent that was waited for."""

    handle: Handle
    """The agent."""
    unread: Count
    """The number of new messages."""


class Waited(Model):
    """The end of a wait for agents."""

    event: Literal["idle", "blocked", "drained", "any", "timeout"]
    """The condition that was met, or timeout."""
    agents: list[Awaited]
    """The agents that met it; after a timeout, all that were waited for."""


class Why(Model):
    """The reason why an agent's unread mail has not been read."""

    handle: Handle
    """The agent."""
    unread: Count
    """The number of new messages."""
    waits_for: WaitsFor = absent
    """The reason; left out if there are none."""
    waits_for_s: Annotated[float, Field(ge=0)] = absent
    """Seconds for which that has been so, where known."""
    detail: str = absent
    """The reason as a sentence."""
    allowed: str = absent
    """The commands of amq that its CLI runs without asking, or why there are none, where `amq run` hosts it."""
    lacks: list[str] = absent
    """The things that its CLI should have been given and was not, with the reasons; left out if there is nothing."""
    not_certified: list[str] = absent
    """The scenarios of `amq certify` that its version failed and that limit what it is given; left out if none did."""
    mail_by: MailBy = absent
    """The way in which mail reaches it now, where `amq run` hosts it; nothing: by none."""
    hooks: Hooks = absent
    """The state of the hooks that `amq run` gave it; left out if it has none. Failing: their texts do not arrive."""
    plugin: Plugin = absent
    """The state of the plugin that `amq run` gave it; left out if it has none."""
    drift: dict[str, Count] = absent
    """The signs that its program is not as known (row, key, hooks, state:WORD), counted; left out if there are none."""


class Recorded(Model):
    """A record of an agent's mail: the reason why it waited, or the outcome of an attempt to notify."""

    at: Instant
    """The time, RFC 3339 in UTC."""
    count: Count
    """The number of unread messages."""
    ids: list[str]
    """The ids of the first of them."""
    waits_for: WaitsFor = absent
    """The reason they waited from then on; left out for an attempt."""
    way: str = absent
    """The way the agent was notified: `pty`, `hook tool`, `hook stop`, …"""
    outcome: Literal["handed", "sent", "typed", "erased", "submitted", "uncertain", "refused", "failed"] = absent
    """The outcome of the attempt."""
    reason: str = absent
    """Details, for people; may be empty."""


class Added(Model):
    """An addition to the user's arguments or environment."""

    what: str
    """The arguments or the variable, in shell syntax."""
    why: str = absent
    """The purpose."""


class Explained(Model):
    """The program that `amq run --explain` would run."""

    profile: str
    """The profile of the program."""
    profile_from: str
    """The source of the profile."""
    command: list[str]
    """The words that would be run."""
    added: list[Added]
    """Additions to the user's arguments and environment."""
    lacks: list[str]
    """The things that it should have and is not given, with the reasons."""
    hooks: str
    """The state of its hooks."""
    allowed: str
    """The commands of amq that it runs without asking, or why there are none."""
    wake: list[str]
    """The ways in which mail reaches the agent, in the order they are tried."""
    missing: list[str]
    """The better ways that it does not take, with the reasons."""


class Checked(Model):
    """The result of `amq run --check` for the installed version."""

    profile: str
    """The profile of the program."""
    version: str
    """The version that it prints; may be empty."""
    tested: bool
    """True if amq was tested with it."""
    tested_versions: list[str]
    """The versions that it was tested with."""
    certified: bool
    """True if `amq certify` of this amq has tried the version on this machine."""
    lacks: list[str]
    """Parts that it is not given because they failed then, each with the cause."""
    faults: list[str]
    """A sentence about each verdict of `amq certify` that cannot be read."""


# -- dead letters -----------------------------------------------------------------------------------------------------


class Letter(Model):
    """A dead letter. Its fields are empty where its envelope, which may be another program's, does not give them."""

    id: str
    """Its id: its file's name without `.md`."""
    box: Literal["new", "cur", "refused"]
    """cur: the user or agent has looked at it; refused: it is not a dead letter, but was moved aside unchanged."""
    original_id: str
    """The id of the message in it."""
    original_file: str
    """The name of the file in it, which a retry gives back."""
    failure_reason: str
    """parse_error: there is no header to be read; invalid_header: something in the header is wrong."""
    failure_detail: str
    """The error in the file."""
    failure_time: str
    """The time it was put away, RFC 3339 in UTC, to the second."""
    retry_count: Count
    """The number of failed retries; from 3 on, only --force retries."""
    error: Annotated[str, Field(min_length=1)] = absent
    """The reason why its envelope cannot be understood, or a file moved aside cannot be read; left out if it can."""


class Opened(Letter):
    """A dead letter, and the file that it keeps."""

    original: str
    """The message; bytes that are not UTF-8 are U+FFFD. The whole file, if it has no envelope."""


class Retried(Model):
    """The outcome for a dead letter that was retried."""

    id: str
    """The dead letter."""
    original_id: str
    """The id of the message in it; empty if it was refused."""
    outcome: Literal["delivered", "still_bad", "refused"]
    """The outcome; refused: not tried, as after three tries without --force.

    delivered: it is new mail, not a dead letter any more; still_bad: it is still not a message.
    """
    retry_count: Count = absent
    """The number of failed retries so far, if it is still bad."""
    detail: str = absent
    """The remaining error, or the reason why it was refused."""


class Envelope(Open):
    """The JSON above the original in a dead letter's file, between two lines `---`. Other keys are kept."""

    schema_: Literal["amq/dlq/v1"] = Field(alias="schema")
    """The version of the format."""
    id: Id
    """The dead letter's id."""
    original_id: str
    """The id of the message in it."""
    original_file: str
    """The name of the message's file."""
    failure_reason: Literal["parse_error", "invalid_header"]
    """parse_error: there was no header to be read; invalid_header: something in the header was wrong."""
    failure_detail: str
    """The error in the file."""
    failure_time: Instant
    """The time it was put away, RFC 3339 in UTC, to the second."""
    retry_count: Count
    """The number of failed retries."""
    source_dir: Literal["new"]
    """The box of the inbox that it was found in."""
