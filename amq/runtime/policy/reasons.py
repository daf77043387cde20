"""Name what happens: closed lists of words, equal in the journal, in every command and in JSON."""

from __future__ import annotations

from enum import Enum


class WaitReason(Enum):
    """Name what an agent's mail waits for."""

    DRAFT = "draft"  # the user has typed something and not sent it, or is typing
    DIALOG = "dialog"  # the program asks the user something
    BUSY = "busy"  # the agent works, and the mail is not urgent, or cannot reach it meanwhile
    STARTING = "starting"
    STOPPED = "stopped"  # the program is stopped, or has ended
    LOW = "low"  # low priority, not yet time
    UNKNOWN_PROGRAM = "unknown-program"  # amq does not know where it takes a line, and no option says so
    UNKNOWN_SCREEN = "unknown-screen"  # the terminal is not in a state that is known to be safe
    UNKNOWN_LOOK = "unknown-look"  # the program says that it idles, and for a minute its input row is not found
    NO_CHANNEL = "no-channel"  # the agent has no notifier, or its notifier has failed
    OFF = "off"  # it is hosted with --no-wake
    UNTRUSTED = "untrusted-queue"  # another user may have made the queue, and the user has not trusted it
    PARKED = "parked"  # enough attempts; waiting for a drain or for new mail
    NOTIFIED = "notified"  # a notification is out


class Outcome(Enum):
    """Name how an attempt to notify an agent ended."""

    HANDED = "handed"  # a hook gave the notification to the model
    SENT = "sent"  # the program's own API took it
    TYPED = "typed"  # the text is in the line, not submitted, as far as is known
    ERASED = "erased"  # the text could not be submitted, and was erased
    SUBMITTED = "submitted"
    UNCERTAIN = "uncertain"  # what became of the text is not known
    REFUSED = "refused"  # nothing was typed
    FAILED = "failed"  # nothing took it: the program ended, or the user's notification command failed
