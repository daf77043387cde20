"""A CLI's own way to be told something, as `--native` uses it."""

from __future__ import annotations

from typing import Protocol

from amq.runtime.policy.injection import End


class Native(Protocol):
    """A CLI's own way into one session."""

    way: str

    def is_there(self) -> bool:
        """Return whether the session is proven to live, and to take a text."""

    def tell(self, text: str) -> End:
        """Tell the session TEXT, wait for its answer, and return SENT, UNCERTAIN, or REFUSED if it has not taken it."""
