"""Mail between coding agents on one machine.

    from amq import Draft, Mailbox

`Mailbox` has the verbs. Names are loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from amq.errors import AmqError
    from amq.mail.mailbox import Mailbox
    from amq.mail.sending import Draft

__all__ = ["AmqError", "Draft", "Mailbox", "__version__"]

_HOMES = {"AmqError": "amq.errors", "Draft": "amq.mail.sending", "Mailbox": "amq.mail.mailbox"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'amq' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
