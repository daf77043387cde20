"""The options of a pane, with a tmux that only takes notes."""

from __future__ import annotations

from pathlib import Path

import pytest

from amq.mail.mailbox import Mailbox
from amq.runtime.tmux_labels import TmuxLabels
from tests.conftest import Shell

TMUX = """\
#!/bin/sh
echo "$@" >>{log}
exit {status}
"""


class Pane:
    """A pane of a tmux that notes its arguments, and ends with STATUS."""

    def __init__(self, place: Path, root: Path, status: int = 0) -> None:
        self.log = place / "log"
        (place / "tmux").write_text(TMUX.format(log=self.log, status=status))
        (place / "tmux").chmod(0o700)
        self.environment = {"PATH": f"{place}:/usr/bin:/bin", "TMUX": "s,1,0", "TMUX_PANE": "%7"}
        self.labels = TmuxLabels(self.environment, str(root))

    def said(self) -> list[str]:
        """Return the arguments of each tmux since the last call, and forget them."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def pane(tmp_path: Path, amq: Shell) -> Pane:
    (tmp_path / "bin").mkdir()
    return Pane(tmp_path / "bin", amq.root)


def test_only_what_has_changed_is_set(pane: Pane) -> None:
    first = "set-option -p -t %7"
    pane.labels.show("idle", 0)
    assert pane.said() == [f"-u {first} @amq_state idle ; {first} @amq_unread 0 ; {first} @amq_user_unread 0"]
    pane.labels.show("idle", 0)
    assert pane.said() == []
    pane.labels.show("busy", 0)
    assert pane.said() == [f"-u {first} @amq_state busy"]


def test_the_user_s_mail_is_counted_again_when_it_changes(pane: Pane, amq: Shell) -> None:
    pane.labels.show("idle", 0)
    amq.ok("send", "--to", "user", "--create", "--body", "x")
    pane.said()
    pane.labels.show("idle", 0)
    assert pane.said() == ["-u set-option -p -t %7 @amq_user_unread 1"]
    with Mailbox(str(amq.root), "user").drain() as mail:
        assert len(list(mail)) == 1
    pane.labels.show("idle", 0)
    assert pane.said() == ["-u set-option -p -t %7 @amq_user_unread 0"]


def test_an_inbox_that_cannot_be_read_is_not_called_empty(pane: Pane, amq: Shell) -> None:
    new = amq.root / "agents" / "user" / "inbox" / "new"
    new.rmdir()
    new.write_text("not a directory")
    pane.labels.show("idle", 0)
    assert pane.said()[0].endswith("@amq_user_unread ?")


def test_after_a_failure_nothing_is_set_any_more(tmp_path: Path, amq: Shell) -> None:
    pane = Pane(tmp_path, amq.root, status=1)
    pane.labels.show("idle", 0)
    assert pane.said()
    assert not pane.labels.works
    pane.labels.show("busy", 1)
    assert pane.said() == []


@pytest.mark.parametrize("missing", ["TMUX", "TMUX_PANE", "PATH"])
def test_elsewhere_nothing_is_set(pane: Pane, amq: Shell, missing: str) -> None:
    assert pane.labels.works
    assert not TmuxLabels(pane.environment | {missing: ""}, str(amq.root)).works
