"""`amq export`: what it writes, for whom, and what it leaves alone."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from amq import jsontext
from amq.cli import export_files, progress
from amq.cli.commands import export
from amq.mail import exporting
from amq.page import values
from tests.cli.on_terminal import terminal_as
from tests.samples import message_file

if TYPE_CHECKING:
    from tests.conftest import Shell


def _lines(path: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def _data(directory: str) -> Any:
    text = Path(directory, "index.html").read_text()
    return json.loads(text.partition('id="data">')[2].partition("</script>")[0])


def _mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def _conversation(amq: Shell) -> list[str]:
    first = amq.send("--subject", "one", "--kind", "question", body="the first\nmessage")
    second = amq.send("--subject", "two", "--refs", first, to="alice", me="bob")
    return [first, second, amq.send("--subject", "three", "--thread", "other", to="bob,carol")]


def test_lines(amq: Shell) -> None:
    ids = _conversation(amq)
    amq.put("mine.md", message_file(b"theirs\n", id="mine", sender="alice", to=["bob"], later="x", body="y"))
    assert amq.ok("export", "--jsonl", "all.jsonl") == "Exported 4 message(s) to all.jsonl\n"
    lines = _lines("all.jsonl")
    assert sorted(each["id"] for each in lines) == sorted([*ids, "mine"])  # a message to two is one
    by_id = {each["id"]: each for each in lines}
    assert by_id[ids[0]] | {"created": ""} == {
        "id": ids[0], "from": "alice", "to": ["bob"], "thread": "p2p/alice__bob", "subject": "one", "created": "",
        "body": "the first\nmessage\n", "kind": "question", "priority": "normal",
    }  # fmt: skip
    assert by_id[ids[1]]["refs"] == [ids[0]]
    assert (by_id["mine"]["later"], by_id["mine"]["body"]) == ("x", "theirs\n")
    assert _mode("all.jsonl") == 0o600


def test_page(amq: Shell) -> None:
    ids = _conversation(amq)
    amq.ok("drain", "--limit", "1", me="bob")
    Path("mail").mkdir(0o755)
    old = os.umask(0)
    try:
        assert amq.ok("export", "--html", "mail") == "Exported 3 message(s) to mail/index.html\n"
    finally:
        os.umask(old)
    assert (_mode("mail"), _mode("mail/index.html")) == (0o700, 0o600)
    assert os.listdir("mail") == ["index.html"]
    data = _data("mail")
    assert [each["id"] for each in data["messages"]] == ids[::-1]
    assert data["messages"][2]["to"] == [{"handle": "bob", "where": "drained"}]
    assert data["messages"][0]["body"] == "hello\n"
    assert [each["handle"] for each in data["agents"]] == ["alice", "bob", "carol", "user"]


def test_a_thread_of_the_page_has_no_answer_before_its_question(amq: Shell) -> None:
    for name, hour, refs in (("m2", 12, []), ("m1", 10, ["m2"]), ("m0", 9, [])):
        header = {"id": name, "sender": "alice", "created": f"2026-03-01T{hour:02}:00:00Z", "refs": refs}
        amq.put(f"{name}.md", message_file(**header))
    amq.ok("export", "--html", "mail")
    assert {each["id"]: each["place"] for each in _data("mail")["messages"]} == {"m0": 0, "m2": 1, "m1": 2}


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 3),
        (("--thread", "other"), 1),
        (("--from", "bob"), 1),
        (("--to", "carol"), 1),
        (("--kind", "question"), 1),
        (("--until", "2001-01-01"), 0),
        (("--since", "1h"), 3),
        (("--agents", "carol"), 1),
    ],
)
def test_filters(amq: Shell, options: tuple[str, ...], count: int) -> None:
    _conversation(amq)
    amq.ok("export", "--html", "mail", "--jsonl", "mail.jsonl", *options)
    assert (len(_data("mail")["messages"]), len(_lines("mail.jsonl"))) == (count, count)


def test_json(amq: Shell) -> None:
    _conversation(amq)
    assert amq("export", "--json", "--jsonl", "a", "--html", "b").value == {
        "messages": 3, "jsonl": "a", "html": "b/index.html",
    }  # fmt: skip


def test_nothing_that_is_not_an_export_is_replaced(amq: Shell) -> None:
    _conversation(amq)
    Path("file").write_text("precious")
    Path("page").mkdir()
    Path("page/index.html").write_text("precious")
    Path("full").mkdir()
    Path("full/other").write_text("precious")
    Path("link").symlink_to("file")
    amq.ok("export", "--jsonl", "good")
    Path("to-good").symlink_to("good")
    Path("lines").write_text('{"id": "x"}\n')
    os.mkfifo("pipe")
    amq.ok("export", "--html", "more")
    Path("to-more").symlink_to("more")
    Path("to-new").symlink_to("new")
    Path("empty").mkdir(0o755)
    Path("to-empty").symlink_to("empty")
    assert all("is not an export" in amq("export", "--html", name).err for name in ("to-empty", "to-empty/"))
    assert (_mode("empty"), os.listdir("empty")) == (0o755, [])
    assert "is not an export" in amq("export", "--html", "to-more").err
    Path("more/other").write_text("precious")
    kept = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file() and ".agent-mail" not in path.parts}
    for words in (
        ("--html", "file"), ("--html", "page"), ("--html", "full"), ("--html", "more"), ("--jsonl", "file"),
        ("--html", "to-more"), ("--html", "to-more/"), ("--html", "to-new"),
        ("--jsonl", "link"), ("--jsonl", "lines"), ("--jsonl", "to-good"), ("--jsonl", "pipe"), ("--jsonl", "page"),
    ):  # fmt: skip
        refused = amq("export", *words)
        assert (refused.code, "is not an export" in refused.err) == (1, True), words
    assert {path: path.read_bytes() for path in kept} == kept
    assert amq("export", "--html", "no/where").code == 3
    assert amq("export", "--jsonl", "no/where").code == 3
    assert amq("export").code == 2


def test_an_export_is_replaced(amq: Shell) -> None:
    for expected in (0, 3, 6):
        amq.ok("export", "--html", "mail", "--jsonl", "mail.jsonl")
        assert (len(_data("mail")["messages"]), len(_lines("mail.jsonl"))) == (expected, expected)
        _conversation(amq)
    Path("mail/index.html.12-0123abcd").touch()  # an export that was killed
    amq.ok("export", "--html", "mail")


def test_whole_or_not_at_all(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    _conversation(amq)
    amq.ok("export", "--html", "mail", "--jsonl", "mail.jsonl")
    before = Path("mail/index.html").read_bytes(), Path("mail.jsonl").read_bytes()

    def broken(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(values, "whole_message", broken)
    assert amq("export", "--html", "mail").code == 1
    monkeypatch.setattr(jsontext, "render", broken)
    assert amq("export", "--jsonl", "mail.jsonl").code == 1
    assert (Path("mail/index.html").read_bytes(), Path("mail.jsonl").read_bytes()) == before
    assert sorted(os.listdir("mail")) == ["index.html"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("option", ["--html", "--jsonl"])
def test_a_signal_leaves_no_half_of_a_file(amq: Shell, tmp_path: Path, option: str, number: signal.Signals) -> None:
    """It comes from within, while the first message is written."""
    _conversation(amq)
    code = f"""
import os, sys
from amq.cli.commands import export
from amq.cli.main import main
def told(parts, *_):
    yield next(iter(parts))
    assert [name for _, _, names in os.walk(".") for name in names if name.startswith(("out.", "index.html."))]
    os.kill(os.getpid(), {int(number)})
    yield from parts
export._told = told
sys.exit(main(["export", "{option}", "out"]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=amq.project, capture_output=True, text=True, check=False)
    assert done.returncode == (130 if number == signal.SIGINT else -number), done.stderr
    left = [name for place, _, names in os.walk(amq.project) if ".agent-mail" not in place for name in names]
    assert [name for name in left if "out" in name or "index" in name] == []


def test_a_working_directory_that_has_gone(amq: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.setenv("AM_ROOT", str(amq.root))
    monkeypatch.chdir(gone)
    gone.rmdir()
    for option in ("--html", "--jsonl"):
        assert "the working directory no longer exists" in amq("export", option, "mail").err
        assert amq("export", option, str(tmp_path / option[2:])).code == 0


def test_a_body_that_has_gone(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    _conversation(amq)
    found = exporting.chosen

    def removed_meanwhile(*arguments: Any) -> Any:
        messages = found(*arguments)
        last = list(messages)[-1]
        for handle in ("alice", "bob", "carol"):
            for box in (amq.agent(handle).inbox_new, amq.agent(handle).sent):
                Path(box, f"{last.id}.md").unlink(missing_ok=True)
        return messages

    monkeypatch.setattr(export, "chosen", removed_meanwhile)
    result = amq("export", "--jsonl", "mail.jsonl")
    assert (result.code, "is exported without its body" in result.err) == (0, True)
    assert [each["body"] for each in _lines("mail.jsonl")] == ["the first\nmessage\n", "hello\n", ""]


def test_progress(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    _conversation(amq)
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0)
    monkeypatch.setenv("TERM", "xterm")
    with terminal_as(2) as written:
        amq("export", "--html", "mail", me=None)
    assert "exporting: 0 of 3 messages (0 s)" in written.text


def test_an_export_is_known_again(amq: Shell) -> None:
    _conversation(amq)
    amq.ok("export", "--jsonl", "mail.jsonl", "--html", "mail")
    assert _lines("mail.jsonl")[0].keys() >= export_files.KEYS
    assert "generator" in Path("mail/index.html").read_text()[:500]
