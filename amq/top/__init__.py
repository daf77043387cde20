"""`amq top`: a queue on one live screen. Only its command imports this, since it needs the extra `top`."""

from __future__ import annotations

import sys

if "asyncio" not in sys.modules:
    # asyncio does without it where a Python has none. It takes 5 MB of the 42 that the screen needs
    sys.modules.setdefault("ssl", None)  # type: ignore[arg-type]
