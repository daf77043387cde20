"""A terminal that is typed into unseen: neither its screen nor the person's keys are known.

So the only key that is pressed is one that the program's dialogs ignore; where there is none, the text is left in the
line for the person to send. What is not seen is not claimed: an attempt ends as `submitted` at most.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum

import anyio

from amq.pty.encode import ENTER, bracketed, plain
from amq.runtime.channels.desktop import unread_notice
from amq.runtime.profiles import Profile
from amq.runtime.typed import End, Notification
from amq.runtime.wake import Standing
from amq.runtime.words import Outcome, Reason

SETTLE = 0.3  # seconds between text and key; every CLI that was measured takes a key after that


class Mode(Enum):
    """How the text is sent."""

    AUTO = "auto"  # as the program's profile wants it
    RAW = "raw"  # as if typed: no digit, which could answer a dialog
    PASTE = "paste"  # as a bracketed paste


class BlindChannel:
    """PUSH types bytes; RUNNING tells whose keyboard it is, None for nobody's that a line could be meant for."""

    def __init__(
        self,
        way: str,
        me: str,
        push: Callable[[bytes], None],
        running: Callable[[], Profile | None],
        *,
        mode: Mode = Mode.AUTO,
        submit: bool = False,
    ) -> None:
        """With `submit` Enter is pressed where the program has no key that its dialogs ignore: it may approve one."""
        self.way = way
        self._me = me
        self._push = push
        self._running = running
        self._mode = mode
        self._submit = submit
        self._standing = False  # our text stands in the line, as far as we know
        self._told = False  # the key was pressed behind our text, and nothing was drained since

    def look(self) -> Standing:
        """Silence is not seen: low priority mail does not wait for it here."""
        return Standing(Reason.NO_CHANNEL if self._running() is None else None, quiet_for=math.inf)

    def drained(self) -> None:
        self._standing = self._told = False

    def tell_person(self) -> None:
        """A bell would ring into whatever sequence the program is writing."""
        unread_notice(self._me)

    async def attempt(self, line: Notification) -> End:
        """A second text would stand behind the first: a reminder is only the key, where there is one."""
        profile = self._running()
        if profile is None:
            return End(Outcome.REFUSED, Reason.NO_CHANNEL.value)
        key = self._key(profile)
        try:
            if key and (self._standing or self._told):
                self._push(key)
                self._standing = self._told = False
                return End(Outcome.SUBMITTED, "")
            if self._standing:
                return End(Outcome.UNCERTAIN, "our text may still stand there")
            self._push(self._text(line, profile))
        except OSError as error:
            return End(Outcome.FAILED, f"the terminal takes no input: {error.strerror}")
        self._standing = True
        await anyio.sleep(SETTLE)
        return self._send(key, profile)

    def _send(self, key: bytes, profile: Profile) -> End:
        if not key:
            return End(Outcome.TYPED, "left in the line: no key is known that a dialog ignores")
        if self._running() is not profile:
            return End(Outcome.TYPED, Reason.NO_CHANNEL.value)
        try:
            self._push(key)
        except OSError as error:
            return End(Outcome.UNCERTAIN, f"the terminal takes no input: {error.strerror}")
        self._standing, self._told = False, True
        return End(Outcome.SUBMITTED, "")

    def _key(self, profile: Profile) -> bytes:
        if profile.rules.inert:
            return profile.rules.submit
        return ENTER if self._submit else b""

    def _text(self, line: Notification, profile: Profile) -> bytes:
        pasted = self._mode is Mode.PASTE or (self._mode is Mode.AUTO and profile.rules.needs_paste_mode)
        return bracketed(line.text) if pasted else plain(line.without_digits)
