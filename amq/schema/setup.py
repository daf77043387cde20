"""The output of one-time commands: coop, doctor, skill, hooks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from amq.schema.base import Count, Handle, Model, absent


class Placed(Model):
    """An agent, and where it runs."""

    handle: Handle
    """The agent."""
    state: Literal["started", "running", "elsewhere", "ended", "absent", "missing", "unknown"]
    """The state of its program.

    started: just now; running: in a pane that coop up made; elsewhere: hosted by another amq run; ended: its pane shows
    how; absent: not running; missing: its program is not installed; unknown: its mailbox cannot be read.
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
    """The number of new messages."""


class Up(Model):
    """The running agents, or the commands that start them."""

    root: str
    """The queue's absolute path."""
    agents: list[Placed] = absent
    """The agents that were asked for, if tmux starts them."""
    commands: list[str] = absent
    """Otherwise one command for each agent that does not run."""


class Saved(Model):
    """The agents that `amq coop up --save` has kept."""

    agents: str
    """The agents, as --agents takes them."""
    continue_: bool = Field(alias="continue")
    """True if their last sessions are continued."""
    deny_leased: bool
    """True if their hooks refuse edits of what another agent has a lease on."""
    file: str
    """The file that holds this."""


class Status(Model):
    """The state of a queue's agents."""

    root: str
    """The queue's absolute path."""
    agents: list[Standing]
    """All but the user, sorted."""
    saved: Saved = absent
    """The agents that coop up starts without --agents, if any were saved."""


class Down(Model):
    """The agents that were stopped, and what remains."""

    root: str
    """The queue's absolute path."""
    ended: list[Handle]
    """The agents whose programs have ended, in that order."""
    left: list[Handle]
    """The agents whose programs did not end in time."""
    remains: list[str]
    """A sentence on each agent whose program or unread mail is still there."""


class Finding(Model):
    """A problem, or a note."""

    check: str
    """The check that found it."""
    wrong: bool
    """True if it affects the exit code."""
    text: str
    """The problem."""
    remedy: str
    """The way to fix it."""
    fixable: bool
    """True if --fix applies that."""
    stopped: list[str] = absent
    """The checks that could not be made for the same cause, if there are any."""


class Fixed(Model):
    """A finding that --fix has fixed."""

    check: str
    """The check that found it."""
    text: str
    """The problem."""


class Health(Model):
    """The findings of all checks."""

    root: str
    """The queue's absolute path; empty if there is none."""
    findings: list[Finding]
    """The remaining findings, in the order of the checks."""
    mended: list[Fixed]
    """The findings that --fix has fixed."""


class Written(Model):
    """The files that were written."""

    written: dict[str, list[str]]
    """For each skill directory, the files in it, by relative names."""


class Removed(Model):
    """The files that were removed."""

    removed: dict[str, list[str]]
    """For each skill directory, the files that were in it, by relative names."""


class Edited(Model):
    """A change of an agent's settings, or of git's pre-commit hook."""

    file: str
    """The file that holds the hooks."""
    diff: str
    """The change, as a unified diff; empty if none was needed."""
    written: bool
    """True if the change was written."""


class Restored(Model):
    """A terminal that was restored."""

    terminal: str
    """Its name, such as /dev/pts/3."""
    settings_changed: bool
    """True if its settings were not sane before."""


class Trusted(Model):
    """A queue that the user trusts, so that agents are notified of the mail in it."""

    path: str
    """Its absolute path."""
    device: int
    """The number of the device that its directory was on."""
    inode: int
    """The number of its directory there."""
    born_ns: int
    """The time its directory was made, in nanoseconds since the epoch; 0 where the filesystem does not record it."""


class Revoked(Model):
    """A queue that the user no longer trusts (`amq trust --revoke`)."""

    revoked: str
    """Its absolute path."""


class Way(Model):
    """A way to reach an agent that runs in a terminal of its own (`amq wake --check`)."""

    way: Literal["tmux", "kitty", "screen", "tiocsti", "command", "notice", "native"]
    """Its name, which --via takes."""
    sees: str
    """The things that it can see, in words."""
    works: bool
    """True if it works here."""
    why_not: str = absent
    """The reason why it does not."""


class OpenSession(Model):
    """A session that is open in a terminal (`amq wake --session CLI --check`)."""

    session: str
    """The words that --session takes for it, such as `claude:4711`."""
    pid: int
    """Its process."""
    directory: str = absent
    """The directory that it works in."""
    name: str = absent
    """The name that its CLI shows for it."""
    terminal: str
    """The path of its terminal."""
    notified_by: str = absent
    """The command of amq that notifies it already, in words."""
    ways: list[Way]
    """The ways to reach it."""


class Scenario(Model):
    """A scenario that a CLI was tried in."""

    scenario: str
    """Its name, such as `dialog`."""
    passed: bool
    """True if it went as it should."""
    reason: str
    """The reason why not; empty if it went as it should."""
    retried: str
    """The reason why the first attempt was lost, if this is the result of a second one; else empty."""
    seconds: float
    """The time that all attempts took."""


class Certified(Model):
    """The verdict about one version of a CLI."""

    program: str
    """The CLI's name in amq."""
    version: str
    """The version that it printed; empty if it printed none."""
    terminal: str
    """The kind of terminal, a value of TERM."""
    certified: bool
    """True if every scenario went as it should."""
    screens: str
    """The directory with the last screen of each scenario."""
    results: list[Scenario]
    """The scenarios that the CLI has, in a fixed order."""


class Setting(Model):
    """A setting of the user's configuration file."""

    name: str
    """Its name, with its table: `notify.notice`."""
    value: bool | str
    """The value that counts."""
    source: Literal["default", "file"]
    """default: the file does not set it, or what it sets is not allowed."""


class Configuration(Model):
    """The user's configuration file, as amq reads it."""

    file: str
    """Its absolute path; the file may be missing."""
    settings: list[Setting]
    """Every setting that amq knows."""
    unknown: list[str]
    """The names of the others in the file."""
    faults: list[str]
    """The values in the file that are not allowed, with those that are; none of them counts."""


class BridgePeer(Model):
    """Another host whose keys are pinned."""

    host: str
    """Its name."""
    fingerprint: str
    """Twenty digits that stand for both of its public keys."""


class Exported(Model):
    """An agent of this host that may write to other hosts, and be written to."""

    handle: str
    """Its handle."""
    files: bool
    """True if the files that it sends by `@FILE` may leave this host."""


class RemoteMailbox(Model):
    """A mailbox here that stands for an agent of another host."""

    mailbox: str
    """Its handle here: `codex-desk`."""
    agent: str
    """The agent: `codex@desk`."""


class Bridge(Model):
    """This host's part in the bridge of the queue."""

    host: str
    """This host's name."""
    fingerprint: str
    """Twenty digits that stand for both of its public keys."""
    hub: str
    """The hub's address; empty if there is none yet."""
    hub_is_here: bool
    """True if the hub is on this host."""
    peers: list[BridgePeer]
    """The other hosts, by name."""
    exports: list[Exported]
    """Agents of this host, by handle."""
    remote: list[RemoteMailbox]
    """Agents of other hosts, by mailbox."""


class Invited(Bridge):
    """This host's part in the bridge, and its own invitation."""

    invitation: str
    """The absolute path of the file that was written."""


class HeardPeer(BridgePeer):
    """Another host, and when it was heard."""

    heard_s: Annotated[float, Field(ge=0)] = absent
    """Seconds since it last said that it is there; left out if it never did."""
    version: str = absent
    """The version of amq that it has."""


class CarriedMail(Model):
    """Mail for an agent on another host, by how far it has come."""

    mailbox: str
    """The agent's handle here."""
    waiting: Count = absent
    """The number of messages that the hub does not have."""
    in_flight: Count = absent
    """The number of those that are being sent to it."""
    sent: Count = absent
    """The number of those that it has."""
    there: Count = absent
    """The number of those that are unread in the inbox on the other host."""


class BridgeStatus(Model):
    """The state of the bridge. A bridge whose file cannot be read has only complaints."""

    host: str = absent
    """This host's name."""
    fingerprint: str = absent
    """Twenty digits that stand for both of its public keys."""
    hub: str = absent
    """The hub's address; empty if there is none yet."""
    hub_is_here: bool = absent
    """True if the hub is on this host."""
    peers: list[HeardPeer]
    """The other hosts, by name."""
    exports: list[Exported] = absent
    """Agents of this host, by handle."""
    remote: list[RemoteMailbox] = absent
    """Agents of other hosts, by mailbox."""
    pid: int = absent
    """The process that carries the mail; left out if there is none."""
    connected: bool
    """True if it is connected to the hub."""
    complaints: list[str]
    """The faults, in words."""
    mail: list[CarriedMail]
    """The mail that has not been read on the other hosts."""
