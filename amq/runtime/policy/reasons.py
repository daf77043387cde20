"""Name what happens: closed lists of words, equal in the journal, in every command and in JSON."""

from __future__ import annotations

from enum import Enum


class WaitReason(Enum):
    """Name what an agent's mail waits for."""

    DRAFT = "draft"  # the user has typed something and not sent it, or is typing
    DIALOG = "dialog"  # the program asks the user something
    API_ERROR = "api-error"  # its last turn has failed: its model's API refused it, as at a usage limit
    BUSY = "busy"  # the agent works, and the mail is not urgent, or cannot reach it meanwhile
    STARTING = "starting"
    STOPPED = "stopped"  # the program is stopped, or has ended; or the user has interrupted it and said nothing since
    LOW = "low"  # low priority, not yet time
    UNKNOWN_PROGRAM = "unknown-program"  # amq does not know where it takes a line, and no option says so
    UNKNOWN_SCREEN = "unknown-screen"  # the terminal is not in a state that is known to be safe
    UNKNOWN_LOOK = "unknown-look"  # the program says that it idles, and for a minute its input row is not found
    NOT_CERTIFIED = "not-certified"  # `amq certify` has shown its version to fail; or it does not say what others say
    NO_CHANNEL = "no-channel"  # the agent has no notifier, or its notifier has failed
    OFF = "off"  # it is hosted with --no-wake
    UNTRUSTED = "untrusted-queue"  # another user may have made the queue, and the user has not trusted it
    OFFERED = "offered"  # a hook or a plugin has given its text to the program; there is no receipt yet
    TAKEN = "taken"  # it is in the history of the program's session, and the model has not answered since
    PARKED = "parked"  # enough attempts; waiting for a drain or for new mail
    NOTIFIED = "notified"  # a notification is out
    UNKNOWN = "unknown"  # its notifier's records say nothing about it, or cannot be read, as from a sandbox
    NO_HUB = "no-hub"  # the agent is on another host, and no bridge connects this one to it now
    HUB_FULL = "hub-full"  # the hub between the hosts has no room
    ON_ITS_WAY = "on-its-way"  # it is being carried to the agent's host, or waits there to be taken
    THERE = "there"  # it is in the agent's inbox on the other host
    REFUSED = "refused"  # it may not leave this host, or is too large for the hub


class Outcome(Enum):
    """Name how an attempt to notify an agent ended."""

    HANDED = "handed"  # a hook gave the mail, or the notification, to the program
    SENT = "sent"  # the program's own API took it
    TYPED = "typed"  # the text is in the line, not submitted, as far as is known
    ERASED = "erased"  # the text could not be submitted, and was erased
    SUBMITTED = "submitted"
    UNCERTAIN = "uncertain"  # what became of the text is not known
    REFUSED = "refused"  # nothing was typed
    FAILED = "failed"  # nothing took it: the program ended, or the user's notification command failed


class Activity(Enum):
    """Name what an agent does, as its notifier sees it."""

    IDLE = "idle"  # it waits for a line
    WORKING = "working"
    ASKS = "asks"  # it asks the user something, and waits for the answer
    DRAFT = "draft"  # it is idle, and the user has typed something and not sent it, or is typing
    STARTING = "starting"
    STOPPED = "stopped"  # its program, or the process that notifies it, is stopped
    UNKNOWN = "unknown"  # what is seen does not tell
    NOT_RUNNING = "not-running"  # `amq run` hosted it, and does so no longer


WAITS_IN_WORDS = {
    WaitReason.DRAFT: "its input line has an unsent draft, or the user is typing",
    WaitReason.DIALOG: "its program asks the user a question, or shows something else than its input row",
    WaitReason.API_ERROR: "its last turn has failed, as it says: its model could not be reached, or has refused, as at "
    "a usage limit; amq notifies it when that ends, as by a line that you write to it",
    WaitReason.BUSY: "it is working",
    WaitReason.STARTING: "its program is starting",
    WaitReason.STOPPED: "its program is stopped or has ended, or the user has interrupted its work and written "
    "nothing to it since",
    WaitReason.LOW: "the mail has low priority and waits until the agent is idle",
    WaitReason.UNKNOWN_PROGRAM: "amq does not know its program, so it types nothing: start it by amq run "
    "with --prompt TEXT or --profile NAME, or let it run amq drain",
    WaitReason.UNKNOWN_SCREEN: "its terminal is not in a state known to be safe for typing, does not show the prompt "
    "that --prompt names, or is too small for the line",
    WaitReason.UNKNOWN_LOOK: "its program says that it is idle, but amq has not found its input row for a minute: "
    "close what it shows instead, or enlarge its window; if the row is there, check with amq doctor whether amq knows "
    "its version, or let it run amq drain",
    WaitReason.NOT_CERTIFIED: "its version is neither tested nor certified, and does not say whether it is idle, as "
    "the tested ones do: try it with amq certify, or let it run amq drain",
    WaitReason.NO_CHANNEL: "nothing notifies it: start it with amq run",
    WaitReason.OFF: "it was started with --no-wake",
    WaitReason.UNTRUSTED: "someone else may have made the queue",
    WaitReason.OFFERED: "its program has been given the text, and has not shown yet that the model got it",
    WaitReason.TAKEN: "the text is in its session, and the model has not answered since",
    WaitReason.PARKED: "it was notified several times and has not drained; amq waits for new mail or a drain",
    WaitReason.NOTIFIED: "the mail has just arrived",
    WaitReason.UNKNOWN: "nothing can be read here of what its notifier has recorded about this mail, as in a sandbox; "
    "to see it: amq why in your own shell",
    WaitReason.NO_HUB: "no bridge connects this host to the agent's",
    WaitReason.HUB_FULL: "the hub between the hosts has no room; mail goes on as it is read",
    WaitReason.ON_ITS_WAY: "it is on its way to the agent's host",
    WaitReason.THERE: "it is in the agent's inbox on its own host",
    WaitReason.REFUSED: "it may not leave this host",
}
"""Clauses about an agent, for `amq why`: why its mail waits."""
ENDED_IN_WORDS = {
    Outcome.HANDED: "a hook gave it the mail",
    Outcome.SENT: "it was notified through its program's own API",
    Outcome.TYPED: "the line was typed but not submitted",
    Outcome.ERASED: "the line was typed but could not be submitted, so amq erased it",
    Outcome.SUBMITTED: "it was notified",
    Outcome.UNCERTAIN: "it may have been notified",
    Outcome.REFUSED: "nothing could be typed",
    Outcome.FAILED: "no program took the line",
}
"""Clauses for `amq why`: how the last attempt ended."""
