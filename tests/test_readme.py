"""What README says of the commands is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from amq.cli.main import COMMANDS

README = Path(__file__).parents[1] / "README.md"


def commands_in_the_table() -> set[str]:
    """The commands that the first column of README's table names."""
    rows = re.findall(r"^\| (`amq .*?) \|", README.read_text(), re.MULTILINE)
    calls = [call for row in rows for call in re.findall(r"`amq ([a-z ]+)", row)]
    return {next(name for name in (" ".join(call.split()[:2]), call.split()[0]) if name in COMMANDS) for call in calls}


def test_the_table_names_every_command_and_no_other() -> None:
    assert commands_in_the_table() == set(COMMANDS)
