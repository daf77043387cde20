"""The closed lists of words for what happens, the same in the record, in every command and in JSON."""

from __future__ import annotations

from enum import Enum


class WaitReason(Enum):
    """What an agent's mail waits for."""

    DRAFT = "draft"  # the person has typed something and not sent it, or is typing
    DIALOG = "dialog"  # the program asks the person something
    BUSY = "busy"  # the agent works, and the mail is not urgent, or cannot reach it meanwhile
    STARTING = "starting"
    STOPPED = "stopped"  # the program is stopped, or has ended
    LOW = "low"  # low priority, not yet time
    UNKNOWN_PROGRAM = "unknown-program"  # amq does not know where it takes a line, and was not told
    UNKNOWN_SCREEN = "unknown-screen"  # the terminal is in no state that we know to be safe
    UNKNOWN_LOOK = "unknown-look"  # the program says that it idles, and for a minute its input row is not found
    NO_CHANNEL = "no-channel"  # nobody notifies the agent, or the one who does has failed
    OFF = "off"  # it is hosted with --no-wake
    UNTRUSTED = "untrusted-queue"  # another may have made the queue, and the user has not said that it is trusted
    PARKED = "parked"  # enough attempts; it waits for a drain or for new mail
    NOTIFIED = "notified"  # a notification is out


class Outcome(Enum):
    """How one attempt to wake an agent ended."""

    HANDED = "handed"  # a hook gave the notification to the model
    SENT = "sent"  # a way of the program's own took it
    TYPED = "typed"  # the text stands there, not submitted, as far as is known
    ERASED = "erased"  # the text could not be submitted, and was taken back
    SUBMITTED = "submitted"
    UNCERTAIN = "uncertain"  # what became of the text is not known
    REFUSED = "refused"  # nothing was typed
    FAILED = "failed"  # nothing took it: the program ended under it, or a command of the person's did not work
