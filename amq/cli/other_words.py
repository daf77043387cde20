"""Words of other programs, and what amq calls the same thing: tables for `corrections`."""

from __future__ import annotations

from amq import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS = {
    **dict.fromkeys(("inbox", "ls", "mails", "messages"), "list"),
    **dict.fromkeys(("agents", "ps", "team"), "who"),
    **dict.fromkeys(("receive", "recv", "fetch"), "drain"),
    **dict.fromkeys(("show", "cat", "view"), "read"),
    **dict.fromkeys(("answer", "respond"), "reply"),
    **dict.fromkeys(("find", "grep"), "search"),
    **dict.fromkeys(("logs", "feed"), "log"),
    **dict.fromkeys(("up", "start", "coop start"), "coop up"),
    **dict.fromkeys(("down", "stop", "coop stop"), "coop down"),
    "broadcast": "send",
    "whoami": "env",
    "dlq show": "dlq read",
}
"""A command by another name, and the command that takes the same words."""
DONE_BY = {
    "history": ("log", "thread", "why"),
    "inbox": ("list", "drain"),
    "check": ("list", "drain"),
    "status": ("who", "why", "coop status"),
    "config": ("env", "doctor"),
    "delete": ("drain", "dlq purge"),
    "install": ("skill install", "hook install"),
}
"""Words that are not commands, and the commands that do something of it."""

_TEXT = dict.fromkeys(("--message", "--msg", "--text", "--content", "-m"), ("--body",))
_MESSAGE = {
    **_TEXT,
    **dict.fromkeys(("--title", "-s"), ("--subject",)),
    **dict.fromkeys(("--recipient", "--recipients", "--agents", "--agent"), ("--to",)),
    **dict.fromkeys(("--from", "--sender"), ("--me",)),
    **dict.fromkeys(("--file", "--message-file"), ("--body-file",)),
    **dict.fromkeys(("--label", "--tag", "--tags"), ("--labels",)),
    "--type": ("--kind",),
    "--ref": ("--refs",),
    **{f"--{kind.replace('_', '-')}": ("--kind", kind) for kind in names.KINDS},
    **{f"--{priority}": ("--priority", priority) for priority in names.PRIORITIES},
}
_NUMBER = dict.fromkeys(("-n", "--max", "--count"), ("--limit",))
_BODIES = dict.fromkeys(("--body", "--bodies", "--full", "--include-bodies", "--with-body"), ("--include-body",))
_THE_ID = dict.fromkeys(("--message-id", "--msg-id", "--message"), ("--id",))
OPTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "send": _MESSAGE,
    "reply": _MESSAGE | _THE_ID | _TEXT,
    "drain": {**_NUMBER, **_BODIES, "--all": ("--limit", "0")},
    "monitor": {**_NUMBER, **_BODIES, "-f": ("--follow",)},
    "list": {**_NUMBER, "--unread": ("--new",)},
    "search": {**_NUMBER, "--box": ("--in",), "--after": ("--since",), "--before": ("--until",)},
    "log": {**_NUMBER, "-f": ("--follow",), "--after": ("--since",), "--before": ("--until",)},
    "thread": {**_NUMBER, **_BODIES, "--last": ("--limit",), "--thread": ("--id",), "--name": ("--id",)},
    **dict.fromkeys(("read", "ack", "trace", "dlq read", "dlq retry"), _THE_ID),
    **dict.fromkeys(("init", "coop up"), dict.fromkeys(("--agent", "--handles", "--names"), ("--agents",))),
}
"""Options of a command by another name, and the words for them. The last of them takes the value."""
FOR_ALL: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("--queue", "--dir"), ("--root",)),
    **dict.fromkeys(("--handle", "--as"), ("--me",)),
    "-j": ("--json",),
}
"""Common options by another name."""

EVERYONE = ("all", "everyone", "everybody")
"""Other words for `@all`, unless an agent has that name."""
PRIORITIES = {"high": "urgent", "critical": "urgent", "medium": "normal", "default": "normal"}
"""Priorities by another name."""
KINDS = {"review": "review_request", "request": "review_request", "response": "review_response", "task": "todo"}
"""Kinds by another name."""
