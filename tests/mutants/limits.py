"""Mutations of what holds at the edges: names in capitals, and a machine that has run out of something."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CAPITALS = "tests/cli/test_capitals.py"
SCRIPTS = "tests/pty/test_host.py"

LIMITS = (
    Mutant("anybody may be named in capitals", "names.py", "typed_handle", "is_known(lower)", "True", CAPITALS),
    Mutant("a letter that only looks like one names an agent", "names.py", "typed_handle", "text.isascii()", "True",
           CAPITALS),
    Mutant("another machine's program is a script", "pty/scripts.py", "through_shell",
           "b'\\x00' in first_line or first_line.startswith(b'\\x7fELF')", "False", SCRIPTS),
    Mutant("a path is an option of the shell", "pty/scripts.py", "through_shell", "words[0].startswith('-')", "False",
           SCRIPTS),
    Mutant("a program that does not start is a script", "pty/child.py", "Child.spawn", "error.errno != errno.ENOEXEC",
           "False", SCRIPTS),
)  # fmt: skip
