"""The profile of any other program. Nothing is typed into it: any letter may answer a question (`git checkout -p`).

With `with_prompt` it gets a line where it shows its prompt.
"""

from __future__ import annotations

from amq.runtime.agents.profile import Profile

PROFILE = Profile(name="generic")
