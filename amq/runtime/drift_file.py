"""The file in which a host notes the signs that its program does not look as known.

`amq who` and `amq why` import this, so it is kept as light as a short command.
"""

from __future__ import annotations

from contextlib import suppress

from amq import git_repository, jsontext
from amq.runtime.private_state import write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = "drift.json"
_LARGEST_BYTES = 1 << 16


def note_drift(files: str, counts: Mapping[str, int]) -> None:
    """Note COUNTS, of `policy.drift`, in FILES, the directory of a run; what cannot be written is left out."""
    if files:
        with suppress(OSError):
            write_private(f"{files}/{_NAME}", jsontext.render(dict(counts)) + "\n")


def read_drift(files: str) -> dict[str, int]:
    """Return the counts noted last in FILES, the directory of a run; none if there are none, or they are damaged."""
    try:
        wire = jsontext.parse(git_repository.read_regular(f"{files}/{_NAME}" if files else "", _LARGEST_BYTES))
        return {str(name): int(count) for name, count in wire.items()}
    except (OSError, ValueError, TypeError, AttributeError, OverflowError):
        return {}
