"""Values that cannot be written again are refused when read: no command is stopped, and no other mail withheld."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from amq import jsontext
from amq.errors import BadMessage
from amq.jsontext import MAX_DEPTH
from amq.message import MAX_HEADER_BYTES, header_object, parse, render
from tests.conftest import private_directory
from tests.hostile.showing import called, wrong
from tests.hostile.values import VALUES, headers, nested
from tests.samples import message_file
from tests.seeds import TOLD, sample

if TYPE_CHECKING:
    from tests.conftest import Shell
    from tests.proof_table import Proof

HEADERS = list(headers())
ALWAYS = [each for each in HEADERS if " deep" in each[0] and each[0].startswith(("context", "a key of", "below"))]
LOOKS = (
    "list", "list --limit 500", "monitor --peek --limit 0 --max-chars 0 --include-body", "watch --timeout 10ms", "who",
    "why",
    "search good --limit 0", "log --limit 0",
    "thread --id p2p/alice__bob", "thread --id p2p/alice__bob --include-body", "trace --id good", "doctor",
)  # fmt: skip
TAKES = (
    "drain --limit 0 --max-chars 0",
    "drain --limit 0 --max-chars 0 --include-body",
    "monitor --limit 0 --max-chars 0 --timeout 1s",
)
AFTER = (
    "list --cur", "thread --id p2p/alice__bob --include-body", "dlq list", "dlq retry --all", "who", "dlq purge --yes",
)  # fmt: skip


SHOWING = ("list", "monitor", "thread", "drain", "watch", "search", "log")


def _put(amq: Shell, files: list[tuple[str, bytes]]) -> list[str]:
    ids = [f"v{number:04}" for number in range(len(files))]
    for identifier, (_, data) in zip(ids, files, strict=True):
        amq.put(f"{identifier}.md", data.replace(b'"ID"', json.dumps(identifier).encode()))
    amq.put("good.md", message_file(b"the good one\n", id="good"))
    return ids


@pytest.mark.parametrize(("what", "data"), HEADERS, ids=[what for what, _ in HEADERS])
def test_what_is_taken_can_be_given_back(what: str, data: bytes) -> None:
    try:
        message = parse(data, "ID")
    except BadMessage as error:
        assert len(error.message) < 1000
        return
    again = render(message)
    if len(again) < MAX_HEADER_BYTES:  # written with a line for each recipient it takes more
        assert header_object(parse(again, "ID").header) == header_object(message.header)


@pytest.mark.parametrize("take", TAKES)
def test_no_command_is_stopped(amq: Shell, take: str, proof: Proof) -> None:
    files = ALWAYS + sample([each for each in HEADERS if each not in ALWAYS], 60, of="values")
    ids = _put(amq, files)
    problems: list[str] = []
    calls = (*LOOKS, take, *(f"{words}{each}" for each in ids[:3] for words in ("read --id=", "trace --id=")), *AFTER)
    for words in calls:
        result = called(amq, f"{words} --json")
        problems += wrong(result, words)
        if words.startswith(SHOWING) and '"good"' not in result.out:
            problems.append(f"{words}: the good one is not shown")
    proof.add(points=len(calls) * len(files), known=len(calls) * len(HEADERS), met=len(calls), violations=len(problems))
    assert problems == [], TOLD
    assert amq.new() == []


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 480, 500, 900])
def test_what_is_nested_too_deeply_is_a_dead_letter_said_once(amq: Shell, levels: int) -> None:
    amq.put("v.md", message_file(id="v").replace(b'"schema": 1', b'"x": %s' % nested(levels).encode()))
    first, second = (amq("drain", "--json", me="bob").value for _ in range(2))
    (item,) = first["drained"]
    assert (item["moved_to_dlq"], second["count"]) == (True, 0)
    assert "nested deeper than 100 levels" in item["parse_error"]
    (letter,) = amq("dlq", "list", "--json", me="bob").value
    assert "nested deeper than 100 levels" in letter["failure_detail"]


def test_to_send_it_is_wrong_usage(amq: Shell) -> None:
    for levels in (MAX_DEPTH, MAX_DEPTH + 1, 500, 5000):
        result = amq("send", "--to", "bob", "--body", "x", "--context", nested(levels))
        assert (result.code, "nested deeper than 100 levels" in result.err) == (2, True)
    assert amq.new() == []
    amq.ok("send", "--to", "bob", "--body", "x", "--context", nested(MAX_DEPTH - 1))
    assert amq("drain", "--json", me="bob").value["drained"][0]["context"] == json.loads(nested(MAX_DEPTH - 1))


KNOWN = (
    '"version":1,"created_utc":"2026-01-01T00:00:00Z","agents":["alice","bob"],"schema":1,"handle":"bob","status":"x",'
    '"last_seen":"2026-01-01T00:00:00Z","pid":1,"how":"run","ids":["good"],"msg_id":"good","thread":"t","from":"bob",'
    '"to":"alice","received":"2026-01-01T00:00:00Z","at":"2026-01-01T00:00:00Z","count":1,"waits_for":"busy",'
    '"session":"","told":[],"held":[],"in_a_row":0,"original_id":"x","original_file":"x.md","retry_count":0'
)
FILES = (
    "meta/config.json", "agents/bob/presence.json", "agents/bob/acks/sent/good.json",
    "agents/alice/acks/received/good.json", "agents/bob/.amq/drains/dead", "agents/bob/.amq/notifier.lock",
    "agents/bob/dlq/new/dlq_1.md",
)  # fmt: skip
COMMANDS = (
    "list", "who", "why", "why --history", "presence list", "presence set --status=y", "presence list", "dlq list",
    "dlq read --id dlq_1", "dlq retry --all", "doctor", "trace --id good", "send --to alice --body=x",
    "drain --include-body", "ack --id good", "init --agents dan", "coop status", "env", "hook claude stop",
    "dlq purge --yes",
)  # fmt: skip
BESIDE = [(path, what) for path in FILES for what in VALUES]


@pytest.mark.parametrize(
    ("path", "what"),
    [each for each in BESIDE if each[1] == "objects 500 deep"] + sample(BESIDE, 16, of="values beside the mail"),
)
def test_a_file_beside_the_mail_stops_no_command(amq: Shell, path: str, what: str, proof: Proof) -> None:
    amq.put("good.md", message_file(b"the good one\n", id="good", ack_required=True))
    text = f'{{{KNOWN},"later":{VALUES[what]}}}'
    place = amq.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"---\n{text}\n---\n{text}" if path.endswith(".md") else text)
    problems: list[str] = []
    shown = ""
    for words in COMMANDS:
        result = called(amq, words if words.startswith("hook") else f"{words} --json", stdin=b"{}")
        problems += wrong(result, words)
        shown += result.out
    proof.add(points=len(COMMANDS), known=len(BESIDE) * len(COMMANDS), met=len(COMMANDS), violations=len(problems))
    assert problems == [], TOLD
    assert "the good one" in shown


@pytest.mark.parametrize("what", ["objects 500 deep", "NaN", "a number of 5,000 digits"])
def test_the_record_of_wakes_is_given_back_as_json(amq: Shell, what: str) -> None:
    state = private_directory(amq.root, "bob")
    good = '{"at": "2026-01-01T00:00:00Z", "ids": [], "count": 1, "waits_for": "busy"}'
    (state / "wakes.jsonl").write_text(f'{good[:-1]}, "later": {VALUES[what]}}}\n{good}\n')
    assert jsontext.parse(amq("why", "bob", "--history", "--json").out)[-1] == json.loads(good)
