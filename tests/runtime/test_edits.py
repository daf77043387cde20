"""The files that a CLI is about to change, as its hook names them."""

from __future__ import annotations

import pytest

from amq.runtime.agents.registry import edited_files

PATCH = """\
*** Begin Patch
*** Add File: new file.py
+*** Add File: text
*** Update File: src/a.py\r
*** Move to: src/b.py
@@
-*** Delete File: text
 *** Environment ID: local
  *** Delete File: docs/ü.md  \t
*** End Patch"""


@pytest.mark.parametrize(
    ("program", "given", "files"),
    [
        ("claude", {"file_path": "/a b.py", "old_string": "x"}, ["/a b.py"]),
        ("claude", {"notebook_path": "/a.ipynb"}, ["/a.ipynb"]),
        ("claude", {"file_path": 7, "notebook_path": None, "command": PATCH}, []),
        ("codex", {"command": PATCH}, ["new file.py", "src/a.py", "src/b.py", "docs/ü.md"]),
        ("codex", {"command": "*** Begin Patch\n*** Add File: \n*** Move to:\n"}, []),
        ("codex", {"command": ["apply_patch", PATCH]}, []),
        ("codex", {"file_path": "/a"}, []),
    ],
)
def test_files(program: str, given: dict[str, object], files: list[str]) -> None:
    assert edited_files(program, given) == files
