"""The last `coop up`, as the private directory remembers it."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from amq.runtime.private_state import PrivateState
from amq.setup.last_start import LastStart, note_start, read_last_start


def test_it_is_remembered_for_its_queue(tmp_path: Path) -> None:
    private = PrivateState(str(tmp_path))
    with tempfile.TemporaryDirectory() as place, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{place}/s")
        note_start(private, "/q", f"{place}/s", [("gpt", "nope")])
        assert read_last_start(private, "/q") == LastStart(f"{place}/s", (("gpt", "nope"),))
        assert read_last_start(private, "/other") == LastStart()
        if os.geteuid() == 0:
            os.chown(f"{place}/s", 12345, -1)
            assert read_last_start(private, "/q").socket == "", "another user's"
        os.unlink(f"{place}/s")
        assert read_last_start(private, "/q").socket == "", "it has gone"
        Path(place, "s").touch()
        assert read_last_start(private, "/q").socket == "", "it is no socket"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"socket": "s", "missing": [1]}', '{"socket": "\\u0000", "missing": []}']
)
def test_a_damaged_file_says_nothing(tmp_path: Path, text: str) -> None:
    private = PrivateState(str(tmp_path))
    note_start(private, "/q", "", [])
    (file,) = tmp_path.rglob("coop.json")
    file.write_text(text)
    assert read_last_start(private, "/q") == LastStart()


def test_without_a_private_directory_nothing_is_remembered() -> None:
    note_start(PrivateState(""), "/q", "", [])
    assert read_last_start(PrivateState(""), "/q") == LastStart()
