"""What the commands print that people run once: coop, doctor, skill, hooks."""

from __future__ import annotations

from typing import Literal

from amq.schema.base import Count, Handle, Model, absent


class Placed(Model):
    """An agent, and where it runs."""

    handle: Handle
    """The agent."""
    state: Literal["started", "running", "elsewhere", "ended", "absent", "missing"]
    """started: just now; running: in a pane that coop up made; elsewhere: hosted by another amq run;
    ended: its pane shows how; absent: not running; missing: its program is not installed.
    """
    pid: Count = absent
    """The process id of its host, if it runs."""
    where: str = absent
    """The tmux pane, as session:window.pane."""


class Standing(Placed):
    """An agent of the queue."""

    status: Count = absent
    """The exit status of a program that has ended, where tmux knows it."""
    unread: Count
    """How many messages are new."""


class Up(Model):
    """What runs now, or the commands that start it."""

    root: str
    """The queue's absolute path."""
    agents: list[Placed] = absent
    """The agents that were asked for, if tmux was to start them."""
    commands: list[str] = absent
    """Else one command for each that does not run."""


class Status(Model):
    """The state of a queue's agents."""

    root: str
    """The queue's absolute path."""
    agents: list[Standing]
    """All but the user, sorted."""


class Down(Model):
    """What was ended, and what was not."""

    root: str
    """The queue's absolute path."""
    ended: list[Handle]
    """The agents whose programs have ended, in that order."""
    left: list[Handle]
    """Those whose programs did not end in time."""
    remains: list[str]
    """A sentence on each agent whose program or unread mail is still there."""


class Finding(Model):
    """Something that is wrong, or worth knowing."""

    check: str
    """The check that found it."""
    wrong: bool
    """Whether it counts for the exit code."""
    text: str
    """What it is."""
    remedy: str
    """What to do about it."""
    fixable: bool
    """Whether --fix does that."""


class Mended(Model):
    """A finding that --fix has done something about."""

    check: str
    """The check that found it."""
    text: str
    """What was wrong."""


class Health(Model):
    """What the checks have found."""

    root: str
    """The queue's absolute path; empty if there is none."""
    findings: list[Finding]
    """What is left, in the order of the checks."""
    mended: list[Mended]
    """What --fix has fixed."""


class Written(Model):
    """What was written."""

    written: dict[str, list[str]]
    """The files, relative to the directory of the skill that they are in."""


class Removed(Model):
    """What was removed."""

    removed: dict[str, list[str]]
    """The files, relative to the directory of the skill that they were in."""


class Edited(Model):
    """A change of an agent's settings."""

    file: str
    """The settings that hold hooks."""
    diff: str
    """The change, as a unified diff; empty if none was needed."""
    written: bool
    """Whether it was done."""


class Restored(Model):
    """A terminal that was restored."""

    terminal: str
    """Its name, such as /dev/pts/3."""
    settings_changed: bool
    """Whether its settings were not sane before."""


class Trusted(Model):
    """A queue that the user trusts, so that agents are notified of the mail in it."""

    path: str
    """Its absolute path."""
    device: int
    """The number of the device that its directory was on."""
    inode: int
    """The number of its directory there."""
    born_ns: int
    """When its directory was made, in nanoseconds since the epoch; 0 where the filesystem does not know."""


class Revoked(Model):
    """A queue that the user trusts no longer (`amq trust --revoke`)."""

    revoked: str
    """Its absolute path."""


class Way(Model):
    """A way to reach an agent that runs in a terminal of its own (`amq wake --check`)."""

    way: Literal["tmux", "kitty", "screen", "tiocsti", "command", "notice"]
    """Its name, which --via takes."""
    sees: str
    """What it can see."""
    works: bool
    """Whether it works here."""
    why_not: str = absent
    """Why it does not."""
