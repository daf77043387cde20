"""What the commands print about the queue, its agents and dead letters, and the contents of its other files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from amq.schema.base import Count, Handle, Id, Instant, Model, Open, absent

# -- the queue --------------------------------------------------------------------------------------------------------


class Initialised(Model):
    """A queue that is there now."""

    root: str
    """Its absolute path."""
    agents: list[Handle]
    """All registered agents, sorted."""


class Root(Model):
    """Which queue it is."""

    value: str
    """Its absolute path."""
    source: Literal["--root", "AM_ROOT", "found", "above"]
    """Where that comes from; found: in the working directory or above."""


class Me(Model):
    """Who is asking."""

    value: Handle
    """The agent's handle; `user` is the user."""
    source: Literal["--me", "AM_ME", "terminal"]
    """Where that comes from; terminal: no agent is named, and a user is there."""


class Env(Model):
    """What was resolved."""

    root: Root
    """The queue."""
    me: Me = absent
    """The agent; left out if it is not known."""


class Swept(Model):
    """Temporary files of dead writers."""

    candidates: list[str]
    """The absolute paths of the files that are old enough, sorted."""
    count: Count
    """How many they are."""
    removed: Count
    """How many were removed: none with --dry-run, or if the user said no."""


class Failure(Model):
    """What is written to stderr, on one line, by a command with --json that fails. Warnings stay text."""

    error: str
    """What happened."""
    code: Literal[
        "failed", "usage", "not_found", "timeout", "uncertain", "conflict", "unsafe", "bad_message", "output",
        "host_failed", "cannot_run", "taken", "no_way", "no_private_directory", "unreadable",
    ]  # fmt: skip
    """What kind of failure it is; the exit code is coarser."""
    hint: str
    """What to do about it; may be empty."""


class Registry(Open):
    """The file `meta/config.json`: the agents of a queue. Other keys are kept."""

    version: int
    """The version of the format: 1."""
    created_utc: str
    """When the queue was made, RFC 3339 in UTC, to the second."""
    agents: list[Handle]
    """The registered agents, sorted; each once."""


WaitsFor = Literal[
    "draft", "dialog", "busy", "starting", "stopped", "low", "unknown-program", "unknown-screen", "unknown-look",
    "no-channel", "off", "untrusted-queue", "parked", "notified",
]  # fmt: skip

# -- agents -----------------------------------------------------------------------------------------------------------


class Presence(Open):
    """An agent's status, as in its `presence.json`. Other keys are kept."""

    schema_: Literal[1] = Field(alias="schema")
    """The version of the format."""
    handle: Handle
    """The agent."""
    status: str
    """Any word, such as busy, idle, away, …"""
    last_seen: Instant
    """When it said so, RFC 3339 in UTC."""
    note: str = absent
    """One line more."""


class Notifier(Model):
    """The process that notifies an agent of its mail."""

    pid: int
    """Its process id."""
    how: str
    """The amq command that it runs, such as `run`."""


class Agent(Model):
    """An agent's state."""

    handle: Handle
    """The agent."""
    unread: Count
    """How many messages are new."""
    unreadable: Annotated[int, Field(gt=0)] = absent
    """How many of these cannot be read; left out if all can."""
    dead_letters: Count
    """How many files of its inbox were not messages and are kept, as dead letters or moved aside."""
    presence: Presence = absent
    """What it says it is at; left out if it never did."""
    oldest_age_s: Annotated[float, Field(ge=0)] = absent
    """The age of its oldest unread message in seconds; left out if there is none."""
    notifier: Notifier = absent
    """The process that notifies it; left out if there is none."""
    waits_for: WaitsFor = absent
    """Why its unread mail has not been read; left out if there is none."""
    waits_for_s: Annotated[float, Field(ge=0)] = absent
    """For how many seconds that has been so, where it is known."""
    detail: str = absent
    """The same as a sentence."""


class Why(Model):
    """Why an agent's unread mail has not been read."""

    handle: Handle
    """The agent."""
    unread: Count
    """How many messages are new."""
    waits_for: WaitsFor = absent
    """What they wait for; left out if there are none."""
    waits_for_s: Annotated[float, Field(ge=0)] = absent
    """For how many seconds that has been so, where it is known."""
    detail: str = absent
    """The same as a sentence."""


class Recorded(Model):
    """A record of an agent's mail: the reason why it waited, or the outcome of an attempt to notify."""

    at: Instant
    """When, RFC 3339 in UTC."""
    count: Count
    """How many messages were unread."""
    ids: list[str]
    """The first of them."""
    waits_for: WaitsFor = absent
    """What they waited for from then on; left out for an attempt."""
    way: str = absent
    """How the agent was notified: `pty`, `hook tool`, `hook stop`, …"""
    outcome: Literal["handed", "sent", "typed", "erased", "submitted", "uncertain", "refused", "failed"] = absent
    """How the attempt ended."""
    reason: str = absent
    """More of it, for people; may be empty."""


class Added(Model):
    """Something that a program is started with besides the user's arguments."""

    what: str
    """Arguments or a variable, as a shell takes them."""
    why: str = absent
    """What it is for."""


class Explained(Model):
    """What `amq run --explain` would run."""

    profile: str
    """What is known of the program."""
    profile_from: str
    """The source of the profile."""
    command: list[str]
    """The words that would be run."""
    added: list[Added]
    """Additions to the user's arguments and environment."""
    hooks: str
    """The state of its hooks."""
    wake: list[str]
    """The ways to notify the agent, in the order they are tried."""


class Checked(Model):
    """What `amq run --check` knows of the installed version."""

    profile: str
    """What is known of the program."""
    version: str
    """The version that it prints; may be empty."""
    tested: bool
    """Whether amq was tested with it."""
    tested_versions: list[str]
    """The versions that it was tested with."""


# -- dead letters -----------------------------------------------------------------------------------------------------


class Letter(Model):
    """A dead letter. What its envelope says may be another program's word, and is empty where it says nothing."""

    id: str
    """Its id: its file's name without `.md`."""
    box: Literal["new", "cur", "refused"]
    """cur: the user or agent has looked at it; refused: it is not a dead letter, but was moved aside unchanged."""
    original_id: str
    """The id of the message that it keeps."""
    original_file: str
    """The name of the file that it keeps, which a retry gives back."""
    failure_reason: str
    """parse_error: there is no header to be read; invalid_header: something in the header is wrong."""
    failure_detail: str
    """What was wrong."""
    failure_time: str
    """When it was put away, RFC 3339 in UTC, to the second."""
    retry_count: Count
    """The number of failed retries; from 3 on, only --force retries."""
    error: Annotated[str, Field(min_length=1)] = absent
    """Why its envelope cannot be understood, or why what was moved aside cannot be read, where that is so."""


class Opened(Letter):
    """A dead letter, and what it keeps."""

    original: str
    """The message; bytes that are not UTF-8 are U+FFFD. The whole file, if it has no envelope."""


class Retried(Model):
    """What became of a dead letter that was retried."""

    id: str
    """The dead letter."""
    original_id: str
    """The message that it keeps; empty if it was refused."""
    outcome: Literal["delivered", "still_bad", "refused"]
    """delivered: it is new mail, and no dead letter any more; still_bad: it is still no message; refused: nothing was
    tried, as after three tries without --force.
    """
    retry_count: Count = absent
    """The number of failed retries so far, if it is still bad."""
    detail: str = absent
    """What is still wrong, or why it was refused."""


class Envelope(Open):
    """The JSON above the original in a dead letter's file, between two lines `---`. Other keys are kept."""

    schema_: Literal["amq/dlq/v1"] = Field(alias="schema")
    """The version of the format."""
    id: Id
    """The dead letter's id."""
    original_id: str
    """The id of the message that it keeps."""
    original_file: str
    """The name of its file."""
    failure_reason: Literal["parse_error", "invalid_header"]
    """Whether there was no header to be read, or something in it was wrong."""
    failure_detail: str
    """What was wrong."""
    failure_time: Instant
    """When it was put away, RFC 3339 in UTC, to the second."""
    retry_count: Count
    """The number of failed retries."""
    source_dir: Literal["new"]
    """The box of the inbox that it was found in."""
