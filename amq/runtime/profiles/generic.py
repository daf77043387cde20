"""Any other program. It gets Enter only after exactly our text came back in its output."""

from __future__ import annotations

from amq.runtime.profiles import Profile

PROFILE = Profile(name="generic")
