"""Output as bytes on the descriptors."""

from __future__ import annotations

import pytest

from amq.cli.output import Output
from amq.errors import NotFound


def test_a_path_does_not_begin_a_line_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    out = Output()
    out.line("a\nb\x1b[2J")
    out.note("c\nd")
    out.error(NotFound("no queue e\nf", hint="look"))
    assert capfd.readouterr() == ("a^Jb^[[2J\n", "amq: c^Jd\namq: no queue e^Jf\n     look\n")
