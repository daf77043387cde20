"""The way of mail to an agent that `amq run` hosts, as `amq who` shows it while the program runs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import run_amq
from tests.runtime.run_session import Desk

CALLS_HOOKS = """\
#!/bin/sh
while [ "$1" != --settings ]; do shift; done
echo ready
while read -r event; do
    "${2%/*}/hook" "$event" </dev/null
    echo "called $event"
done
"""


def test_who_shows_how_mail_comes_now(desk: Desk, tmp_path: Path) -> None:
    program = tmp_path / "claude"
    program.write_text(CALLS_HOOKS)
    program.chmod(0o755)
    session = desk.run(str(program))
    session.expect_exact("ready")

    def way() -> tuple[str, str]:
        done = run_amq("--root", desk.root, "who", "--json", cwd=tmp_path, stdin=b"", **desk.environment())
        (tui,) = (agent for agent in json.loads(done.stdout) if agent["handle"] == "tui")
        return tui["mail_by"], tui.get("hooks", "")

    assert way() == ("typed", "not-called")
    session.sendline("tool")
    session.expect_exact("called tool")
    assert way() == ("hooks", "active")
