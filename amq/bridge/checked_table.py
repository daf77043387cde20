"""Take values out of a TOML table that a user may have edited; each error names the file, the key and what to do."""

from __future__ import annotations

import base64
import binascii
import re

from amq.bridge.names import HOST as _HOST
from amq.errors import AmqError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

HOST = _HOST.pattern
NKEY = r"U[A-Z2-7]{55}"
_HUB = r"tls://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d{1,5}))?"
KEY_BYTES = 32
"""The size of a public or secret key of `nacl.public.Box`."""
MOST_PORTS = 65535


class BadBridge(AmqError):
    """A file of the bridge that does not count; the message names the file and the key, the hint what to do."""

    code = "bad_bridge"


class Table:
    """A table of the file PATH, named KEY ("" for the whole file), whose values are taken out one by one.

    HINT says what to do about a wrong value.
    """

    def __init__(self, values: Mapping[str, Any], path: str, hint: str, key: str = "") -> None:
        self.path = path
        self.hint = hint
        self._values = dict(values)
        self._key = key

    def bad(self, name: str, reason: str) -> BadBridge:
        """Return the error about the value NAME, with REASON, a clause that follows the key."""
        return BadBridge(f"{self.path}: {self._named(name)} {reason}", hint=self.hint)

    def text(self, name: str, pattern: str, meaning: str, default: str | None = None) -> str:
        """Return the text NAME, which must match PATTERN; DEFAULT if it is missing and there is one.

        MEANING says what such a text is, for the error. Raises BadBridge.
        """
        value = self._values.pop(name, default)
        if value is None:
            raise self.bad(name, f"is missing; it is {meaning}")
        if not isinstance(value, str) or (value != default and re.fullmatch(pattern, value) is None):
            raise self.bad(name, f"is not {meaning}")
        return value

    def flag(self, name: str) -> bool:
        """Return the flag NAME; False if it is missing. Raises BadBridge."""
        value = self._values.pop(name, False)
        if not isinstance(value, bool):
            raise self.bad(name, "is neither true nor false")
        return value

    def texts(self, name: str, is_one: Callable[[str], bool], meaning: str) -> tuple[str, ...]:
        """Return the list NAME of texts that all are such as IS_ONE says, none if it is missing. Raises BadBridge."""
        values = self._values.pop(name, [])
        if not isinstance(values, list) or not all(isinstance(each, str) and is_one(each) for each in values):
            raise self.bad(name, f"is not {meaning}")
        return tuple(values)

    def key(self, name: str) -> bytes:
        """Return the public key NAME for `nacl.public.Box`. Raises BadBridge."""
        said = self.text(name, r"[A-Za-z0-9+/]{43}=", "a key of 32 bytes in base64")
        try:
            key = base64.b64decode(said, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES or base64.b64encode(key).decode() != said:  # one key has one spelling
            raise self.bad(name, "is not a key of 32 bytes in base64")
        return key

    def url(self, name: str, default: str | None = None) -> str:
        """Return the hub's address NAME, such as `tls://desk.local:4222`. Raises BadBridge."""
        url = self.text(name, _HUB, "an address like tls://desk.local:4222", default)
        if url and not is_hub_url(url):
            raise self.bad(name, f"has a port that is not in 1 to {MOST_PORTS}")
        return url

    def table(self, name: str) -> Table:
        """Return the table NAME, empty if it is missing. Raises BadBridge."""
        value = self._values.pop(name, {})
        if not isinstance(value, dict):
            raise self.bad(name, "is not a table")
        return Table(value, self.path, self.hint, self._named(name))

    def names(self, pattern: str, meaning: str) -> Iterator[str]:
        """Yield the names of the values that are left, each of which must match PATTERN. Raises BadBridge."""
        for name in list(self._values):
            if re.fullmatch(pattern, name) is None:
                raise self.bad(name, f"is not {meaning}")
            yield name

    def end(self) -> None:
        """Raise BadBridge if a value has not been taken: a misspelled key must not go unseen."""
        for name in self._values:
            raise self.bad(name, "is not known")

    def _named(self, name: str) -> str:
        return f"{self._key}.{name}" if self._key else name


def is_hub_url(text: str) -> bool:
    """Return whether TEXT is the address of a hub: `tls://HOST` or `tls://HOST:PORT`."""
    match = re.fullmatch(_HUB, text)
    return match is not None and (match[1] is None or 0 < int(match[1]) <= MOST_PORTS)
