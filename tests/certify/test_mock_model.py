"""Requests of the CLIs as the mock model reads them, and how it uses amq."""

from __future__ import annotations

from typing import Any

import pytest

from amq.certify.mock_model import MockModel, reads_given, use_amq
from amq.certify.protocols import Anthropic, Call, OpenAI, Say, Turn

TOOLS = {"type": "additional_tools", "tools": [{"name": "exec"}]}
"""An item of the input that has the tools, with a model that Codex knows."""
NOTICE = "amq: 2 new messages from user. Run: /opt/amq drain --include-body"
DRAINED = """\
[AMQ] 2 new message(s) for codex:

- From: user
  Thread: p2p/codex__user
  ID: id-of-a-note
  Subject: A note
  Created: 2026-01-02T03:04:05Z
  Body:
Nothing to answer.
---

- From: user
  Thread: p2p/codex__user
  ID: id-of-a-question
  Subject: A question
  Priority: normal
  Kind: question
  Created: 2026-01-02T03:04:06Z
  Body:
What is 6 times 7?
---
"""


def test_uses_amq_as_the_notification_says_and_replies_to_questions_only() -> None:
    reply = Call('/opt/amq reply --id id-of-a-question --body "The answer is 42."')
    assert use_amq(Turn("Hello")) == Say("Ready.")
    assert use_amq(Turn(NOTICE)) == Call("/opt/amq drain --include-body")
    assert use_amq(Turn(NOTICE, (DRAINED,))) == reply
    assert use_amq(Turn(NOTICE, (DRAINED, "Replied"))) == Say("Done: 1 replies.")
    assert use_amq(Turn(NOTICE, ("",))) == Say("Done: 0 replies.")


def test_reads_what_was_said_last_to_claude_and_the_results_since_then() -> None:
    def request(*messages: object) -> dict[str, object]:
        return {"messages": [{"role": "user", "content": "Hello"}, *messages]}

    result = {"type": "tool_result", "content": [{"type": "text", "text": "42"}]}
    reminder = {"type": "text", "text": "<system-reminder>Today is Monday</system-reminder>"}
    more = "The user sent a new message while you were working:\nMore\n\nGo on."
    tool = {"role": "user", "content": [result, reminder]}
    tool_and_more = {"role": "user", "content": [result, {"type": "text", "text": more}]}
    dialect = Anthropic()
    assert dialect.turn(request()) == Turn("Hello")
    assert dialect.turn(request({"role": "assistant", "content": "Hm"}, tool)) == Turn("Hello", ("42",))
    assert dialect.turn(request(tool, {"role": "system", "content": "Some tools"})) == Turn("Hello", ("42",))
    assert dialect.turn(request(tool, {"role": "system", "content": more})) == Turn("More")
    assert dialect.turn(request(tool_and_more)) == Turn("More")


def test_reads_what_was_said_last_to_codex_and_the_results_since_then() -> None:
    context = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "In /tmp"}]}
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
    call = {"type": "function_call", "call_id": "1"}
    result = {"type": "function_call_output", "output": "42"}
    assert OpenAI().turn({"input": [context, said]}) == Turn("Hello")
    assert OpenAI().turn({"input": [context, said, call, result]}) == Turn("Hello", ("42",))


@pytest.mark.parametrize(
    ("request_", "is_main"),
    [
        ({"tools": [{"name": "exec_command"}], "input": []}, True),
        ({"input": [TOOLS]}, True),
        ({"input": [TOOLS], "text": {"format": {"type": "json_schema"}}}, False),
        ({"input": [], "text": {"verbosity": "low"}}, False),
    ],
)
def test_a_side_request_of_codex_is_known_with_every_model(request_: dict[str, Any], is_main: bool) -> None:
    assert OpenAI().is_main(request_) is is_main


def test_drains_only_where_no_mail_was_given() -> None:
    assert reads_given(Turn(NOTICE)) == Call("/opt/amq drain --include-body")
    assert reads_given(Turn(NOTICE, given=DRAINED)) == Say("Read.")


def test_what_a_hook_in_the_background_says_to_claude_is_a_text() -> None:
    said = 'Stop hook blocking error from command "SessionStart:startup": amq: mail\n&lt;/system-reminder&gt;\n'
    old = f"<task-notification>\n</task-notification>\n{said}"
    new = f"[SYSTEM NOTIFICATION - NOT USER INPUT]\n{old}"
    idle = {"role": "user", "content": [{"type": "text", "text": f"<system-reminder>\n{new}</system-reminder>"}]}
    for message in (idle, {"role": "system", "content": new}, {"role": "user", "content": old}):
        assert Anthropic().turn({"messages": [message]}) == Turn("amq: mail")


def test_the_time_of_each_main_request_with_a_text_is_kept() -> None:
    model = MockModel(use_amq)
    for text, is_main in (("a title?", False), ("no", True), ("ü\n1", True), ("ü\n1", True)):
        model.answer(Anthropic(), {"messages": [{"role": "user", "content": text}], "tools": [{}] if is_main else []})
    assert model.times_of("ü\n1") == model.times[2:]
    assert model.times_of("ü\n1", since=3) == model.times[3:]
    assert model.times_of("title") == []
