"""Forbid a browser all but to show the page, and to ask the server that it came from. Pure."""

from __future__ import annotations

import base64
import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NOTHING_ELSE = (
    "default-src 'none'",
    "img-src data:",  # the page's own icon
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",  # no text becomes HTML or a script, not even by mistake
    "trusted-types 'none'",
)
_SERVED = (*_NOTHING_ELSE, "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'")
HEADERS: Mapping[str, str] = {
    "content-security-policy": "; ".join(_SERVED),
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "connection": "close",  # one request a connection: each has one time limit (`limits`)
}
"""The headers of every answer of the server."""


def of_a_file(scripts: Iterable[str], style: str) -> str:
    """Return the policy of a page that is one file: it runs SCRIPTS and uses STYLE, and asks no server for anything."""
    hashes = " ".join(f"'{_hash(each)}'" for each in scripts)
    return "; ".join((*_NOTHING_ELSE, f"script-src {hashes}", f"style-src '{_hash(style)}'"))


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
