"""Decide which requests may read the page's data, and which may write: by tokens, names of hosts, origins. Pure.

A browser sends requests to this machine for any web page that asks it to. Three things keep those pages out:

* A token, which no other page knows: each request for data has it in a header, and no cookie ever has it.
* The name in `Host`, which DNS rebinding cannot forge: it must be this machine's, or one that the user has allowed.
* The `Origin`, which a browser adds to what a page sends: it must be the page's own.
"""

from __future__ import annotations

import hmac
import re
import secrets

from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
TOKEN_BYTES = 24
_HOST = r"(?i)(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?"
_BEARER = "bearer "


@record
class Refusal:
    """The status of a request that is refused, and the reason, in words for the user."""

    status: int
    text: str


def new_token(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return a token that cannot be guessed, in letters and digits that an address may have."""
    return random(TOKEN_BYTES).hex()


def host_name(host: str) -> str:
    """Return the name in the `Host` header HOST, in lower case and without a port; "" if it is not one."""
    found = re.fullmatch(_HOST, host, re.ASCII)
    return found[1].lower() if found else ""


class Access:
    """The conditions of one `amq page`: its tokens, and the names of hosts it answers to besides loopback.

    Without a token for WRITING nothing can be written.
    """

    def __init__(self, reading: str, writing: str = "", names: Collection[str] = ()) -> None:
        self._reading = reading
        self._writing = writing
        self._names = LOOPBACK_NAMES.union(each.lower() for each in names)

    def refuse_place(self, headers: Mapping[str, str], *, writing: bool = False) -> Refusal | None:
        """Return why a request does not come from the page itself; None if it may. HEADERS have lower-case names.

        For every request. One for WRITING must name its origin, as browsers do.
        """
        host = headers.get("host", "").lower()
        name = host_name(host)
        if name not in self._names:
            return Refusal(421, "This name is not one of amq page's; start it with --allow-host NAME to allow one.")
        origin = headers.get("origin")
        schemes = ("http",) if name in LOOPBACK_NAMES else ("https", "http")
        if origin is None and not writing:
            return None
        if origin not in [f"{scheme}://{host}" for scheme in schemes]:
            return Refusal(403, "The request comes from another web page.")
        return None

    def refuse_token(self, headers: Mapping[str, str], *, writing: bool = False) -> Refusal | None:
        """Return why a request may not read data, or with WRITING may not change any; None if it may.

        Tokens are compared in a time that does not depend on where they differ.
        """
        if writing and not self._writing:
            return Refusal(403, "This page only reads: start amq page with --write to write.")
        given = _token(headers)
        if hmac.compare_digest(given, (self._writing if writing else self._reading).encode()):
            return None
        if writing and hmac.compare_digest(given, self._reading.encode()):
            return Refusal(403, "This address only reads: open the one for writing that amq page has printed.")
        return Refusal(401, "The token is missing or wrong: open the address that amq page has printed.")


def _token(headers: Mapping[str, str]) -> bytes:
    value = headers.get("authorization", "")
    return value[len(_BEARER) :].strip().encode("utf-8", "replace") if value.lower().startswith(_BEARER) else b""
