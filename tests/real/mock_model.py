"""A mock model: it answers the streaming protocols of the agent CLIs, as a plain Python function decides.

The function gets a `Turn` (the user's last text, and the tools' results since then) and returns `Say` or `Call`.
`use_amq` is such a function: it plays an agent that reads its mail and replies to its questions. `reads_given` plays
one that is content with mail that a hook gave, and drains otherwise.
"""

from __future__ import annotations

import html
import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """The state of a conversation: the last text from the user, and the tools' results since then.

    `given` is what hooks have added to the conversation since the text before the last, and what a plugin has added
    above that text since the last answer.
    """

    text: str
    results: tuple[str, ...] = ()
    given: str = ""


@dataclass(frozen=True)
class Say:
    """Answer with text and end the turn. With `until` it ends only once that holds, and streams more text meanwhile."""

    text: str
    until: Callable[[], object] = lambda: True

    def pieces(self) -> Iterator[str]:
        """Yield the text as it is streamed."""
        yield self.text
        while not self.until():
            time.sleep(0.1)
            yield " and more"


@dataclass(frozen=True)
class Call:
    """Ask for a shell command; ESCALATED: outside Codex's sandbox, for which it must ask the user.

    TTY: in a terminal of its own, which only Codex can give it.
    """

    command: str
    escalated: bool = False
    tty: bool = False


@dataclass(frozen=True)
class Ask:
    """Ask the user a question; Codex has a tool for that in its plan mode only."""

    question: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Delegate:
    """Have a subagent do a task; only Claude Code and Codex are asked."""

    task: str


@dataclass(frozen=True)
class Calls:
    """Ask for several shell commands in one answer, after a subagent for a TASK; of Claude Code and Codex only."""

    commands: tuple[str, ...]
    task: str = ""


@dataclass(frozen=True)
class Fail:
    """Refuse the request, as a server does; HEADERS and the ERROR's fields are the vendor's."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    error: tuple[tuple[str, object], ...] = (("type", "invalid_request_error"), ("message", "The model refuses."))


Answer = Say | Call | Calls | Ask
_Tool = Call | Ask | Delegate
Script = Callable[[Turn], Answer | Fail]

_NOTICE = re.compile(r"amq: .*[Rr]un: ((\S+) drain.*)")
_QUESTION = re.compile(r"^ {2}ID: (\S+)$(?:\n {2}.*)*?\n {2}Kind: (?:question|review_request)$", re.MULTILINE)


def use_amq(turn: Turn) -> Say | Call:
    """Reply once to each question and review request in the mail that came along; if none did, drain first."""
    notice = _NOTICE.search(turn.text)
    if not (notice or turn.given):
        return Say("Ready.")
    drain, amq = notice.groups() if notice else ("", "amq")
    if not (turn.given or turn.results):
        return Call(drain)
    questions = _QUESTION.findall(turn.given or turn.results[0])
    replies = len(turn.results) - (not turn.given)
    if replies < len(questions):
        return Call(f'{amq} reply --id {questions[replies]} --body "The answer is 42."')
    return Say(f"Done: {replies} replies.")


def reads_given(turn: Turn) -> Say | Call:
    """Answer at once to mail that a hook gave, and drain otherwise as a notification says."""
    return Say("Read.") if turn.given else use_amq(turn)


class Dialect:
    """One vendor's protocol: how requests are read and answers written."""

    path: str  # or a part of its path

    def turn(self, request: Json) -> Turn:
        raise NotImplementedError

    def events(self, answer: Answer, number: int, request: Json) -> Iterator[Json]:
        """Return the events that stream ANSWER to REQUEST; NUMBER makes the identifiers in it unique."""
        raise NotImplementedError


class Anthropic(Dialect):
    """`POST /v1/messages`, as Claude Code uses it; the tool is `Bash`."""

    path = "/v1/messages"

    def turn(self, request: Json) -> Turn:
        text, results, given, noted = "", list[str](), "", ""
        for message in request["messages"]:
            if message["role"] == "assistant":
                noted = ""
            for block in _blocks(message["content"]):
                if block["type"] == "tool_result":
                    results.append(_text_of(block.get("content", "")))
                elif said := _said(message["role"], block):
                    text, results, given = said, [], noted
                if block["type"] == "text" and message["role"] != "assistant":
                    found = "".join(_GIVEN.findall(block["text"]))
                    given += found
                    noted += found if _FROM_A_PLUGIN in block["text"] else ""
        return Turn(text, tuple(results), given)

    def events(self, answer: Answer, number: int, request: Json) -> Iterator[Json]:
        usage = {"input_tokens": 10, "output_tokens": 10}
        message: Json = {
            "id": f"msg_{number}", "type": "message", "role": "assistant", "model": "mock", "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": usage,
        }  # fmt: skip
        stop = "end_turn" if isinstance(answer, Say) else "tool_use"
        yield {"type": "message_start", "message": message}
        if isinstance(answer, Say):
            deltas = ({"type": "text_delta", "text": piece} for piece in answer.pieces())
            yield from self._block(0, {"type": "text", "text": ""}, deltas)
        else:
            for index, each in enumerate(_calls(answer)):
                name, tool_input = _claude_tool(each)
                name = next((tool["name"] for tool in request["tools"] if tool["name"].lower() == name.lower()), name)
                block: Json = {"type": "tool_use", "id": f"toolu_{number}_{index}", "name": name, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(tool_input)}
                yield from self._block(index, block, iter([delta]))
        yield {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage}
        yield {"type": "message_stop"}

    @staticmethod
    def _block(index: int, block: Json, deltas: Iterator[Json]) -> Iterator[Json]:
        yield {"type": "content_block_start", "index": index, "content_block": block}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}


def _calls(answer: Call | Calls | Ask) -> list[_Tool]:
    if not isinstance(answer, Calls):
        return [answer]
    return [*([Delegate(answer.task)] if answer.task else []), *map(Call, answer.commands)]


def _claude_tool(answer: _Tool) -> tuple[str, Json]:
    if isinstance(answer, Call):
        return "Bash", {"command": answer.command, "description": "Run a command"}
    if isinstance(answer, Delegate):
        return "Agent", {"description": "A part", "prompt": answer.task, "subagent_type": "general-purpose"}
    return "AskUserQuestion", {"questions": [_question(answer) | {"multiSelect": False}]}


def _shell_tool(answer: Answer) -> Json:
    """Return the command of ANSWER for Gemini CLI and Qwen Code."""
    assert isinstance(answer, Call)
    return {"command": answer.command, "description": "Run a command", "is_background": False}


def _codex_tool(answer: _Tool) -> tuple[str, Json]:
    if isinstance(answer, Delegate):
        return "spawn_agent", {"message": answer.task}
    if isinstance(answer, Ask):
        return "request_user_input", {"questions": [_question(answer) | {"id": "choice"}]}
    arguments: Json = {"cmd": answer.command}
    if answer.escalated:
        arguments |= {"sandbox_permissions": "require_escalated", "justification": "It needs to."}
    if answer.tty:
        arguments["tty"] = True
    return "exec_command", arguments


def _question(ask: Ask) -> Json:
    """Return a question in the form that both tools share."""
    options = [{"label": choice, "description": f"To choose {choice}"} for choice in ask.choices]
    return {"question": ask.question, "header": "Choice", "options": options}


class OpenAI(Dialect):
    """`POST /v1/responses`, as Codex uses it; the tool is `exec_command`."""

    path = "/v1/responses"

    def turn(self, request: Json) -> Turn:
        text, results, given = "", list[str](), ""
        for item in request["input"]:
            if item["type"] == "function_call_output":
                results.append(_text_of(item["output"]))
            elif item["type"] == "message" and item["role"] == "user":
                text, results, given = _text_of(item["content"]), [], ""
            if item["type"] == "message" and item["role"] != "assistant":
                given += "".join(_GIVEN.findall(html.unescape(_text_of(item["content"]))))
        return Turn(text, tuple(results), given)

    def events(self, answer: Answer, number: int, _request: Json) -> Iterator[Json]:
        response = {"id": f"resp_{number}", "object": "response", "model": "mock", "output": []}
        usage = {"input_tokens": 10, "output_tokens": 10, "total_tokens": 20}
        yield {"type": "response.created", "response": response}
        if isinstance(answer, Say):
            yield from self._message(answer, number)
        else:
            for index, each in enumerate(_calls(answer)):
                yield from self._call(each, f"{number}_{index}", index)
        yield {"type": "response.completed", "response": response | {"usage": usage}}

    @staticmethod
    def _message(answer: Say, number: int) -> Iterator[Json]:
        part: Json = {"type": "output_text", "text": "", "annotations": []}
        item = {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": [part]}
        yield {"type": "response.output_item.added", "output_index": 0, "item": item}
        for piece in answer.pieces():
            part["text"] += piece
            yield {"type": "response.output_text.delta", "item_id": item["id"], "delta": piece}
        yield {"type": "response.output_item.done", "output_index": 0, "item": item}

    @staticmethod
    def _call(call: _Tool, number: str, index: int) -> Iterator[Json]:
        name, arguments = _codex_tool(call)
        item = {
            "type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}",
            "name": name, "arguments": json.dumps(arguments),
        }  # fmt: skip
        if isinstance(call, Delegate):
            item["namespace"] = "multi_agent_v1"
        yield {"type": "response.output_item.added", "output_index": index, "item": item}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}


class ChatCompletions(Dialect):
    """`POST /v1/chat/completions`, as Qwen Code uses it; the tool is `run_shell_command`."""

    path = "/v1/chat/completions"

    def turn(self, request: Json) -> Turn:
        text, results = "", list[str]()
        for message in request["messages"]:
            if message["role"] == "tool":
                results.append(_text_of(message["content"]))
            elif message["role"] == "user":
                text, results = _text_of(message["content"]), []
        return Turn(text, tuple(results))

    def events(self, answer: Answer, number: int, _request: Json) -> Iterator[Json]:
        if isinstance(answer, Say):
            for piece in answer.pieces():
                yield self._chunk(number, {"role": "assistant", "content": piece}, None)
            yield self._chunk(number, {}, "stop")
        else:
            function = {"name": "run_shell_command", "arguments": json.dumps(_shell_tool(answer))}
            call = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
            yield self._chunk(number, {"role": "assistant", "tool_calls": [call]}, None)
            yield self._chunk(number, {}, "tool_calls")

    @staticmethod
    def _chunk(number: int, delta: Json, reason: str | None) -> Json:
        usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        kind = "chat.completion.chunk"
        return {
            "id": f"chat_{number}",
            "object": kind,
            "created": 0,
            "model": "mock",
            "choices": [choice],
            "usage": usage,
        }


class Gemini(Dialect):
    """`POST /v1beta/models/MODEL:streamGenerateContent`, as Gemini CLI uses it; the tool is `run_shell_command`."""

    path = ":streamGenerateContent"

    def turn(self, request: Json) -> Turn:
        text, results = "", list[str]()
        for content in request["contents"]:
            for part in content["parts"]:
                if "functionResponse" in part:
                    results.append(str(part["functionResponse"]["response"].get("output", "")))
                elif content["role"] == "user" and "text" in part:
                    text, results = part["text"], []
        return Turn(text, tuple(results))

    def events(self, answer: Answer, _number: int, _request: Json) -> Iterator[Json]:
        if isinstance(answer, Say):
            parts: Iterator[Json] = ({"text": piece} for piece in answer.pieces())
        else:
            parts = iter([{"functionCall": {"name": "run_shell_command", "args": _shell_tool(answer)}}])
        for part in parts:
            yield {"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}]}
        usage = {"promptTokenCount": 10, "candidatesTokenCount": 10, "totalTokenCount": 20}
        content = {"role": "model", "parts": [{"text": ""}]}
        yield {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}


def _blocks(content: str | list[Json]) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _text_of(content: str | list[Json]) -> str:
    return "".join(block.get("text", "") for block in _blocks(content))


_FROM_A_HOOK = re.compile(
    r"<system-reminder>.*?^(Stop hook (?:feedback:\n|additional context: ).*?)\s*</system-reminder>",
    re.DOTALL | re.MULTILINE,
)
_FROM_A_PLUGIN = "Note from the amq-mail plugin"
_GIVEN = re.compile(r"^.*\[AMQ\] \d+ new message\(s\) for .*\n(?:.*\n)*?\[AMQ\] To answer: .*$", re.MULTILINE)
_FROM_THE_BACKGROUND = re.compile(
    r"(?:<system-reminder>\n)?(?:\[SYSTEM NOTIFICATION|<task-notification>).*?"
    r"^Stop hook blocking error from command [^\n]*?: (.*?)\s*(?:</system-reminder>|&lt;/system-reminder&gt;)",
    re.DOTALL | re.MULTILINE,
)
_SENT_MEANWHILE = re.compile(r"The user sent a new message while you were working:\n(.*)")


def _said(role: str, block: Json) -> str:
    """Return the user's text in BLOCK of a message in ROLE to Claude, "" if it is something else.

    Text sent during a turn comes within words of Claude Code's own, in some versions as role `system`; so does the
    output of a Stop hook, from 2.1.332 on, and of a hook in the background that begins a turn.
    """
    if block["type"] != "text" or role == "assistant":
        return ""
    text: str = block["text"]
    if meanwhile := _SENT_MEANWHILE.match(text):
        return meanwhile[1]
    if from_a_hook := _FROM_A_HOOK.match(text) or _FROM_THE_BACKGROUND.match(text):
        return from_a_hook[1]
    return "" if role == "system" or text.startswith("<system-reminder>") else text


class MockModel:
    """The model's server. `requests` is every request's body and `turns` the script's answers, oldest first.

    `times` is when each request came, by the monotonic clock.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Json] = []
        self.times: list[float] = []
        self.turns: list[tuple[Turn, Answer | Fail]] = []
        self._numbers = itertools.count(1)
        self._keeping = threading.Lock()

    def answer(self, dialect: Dialect, request: Json) -> Iterator[Json] | Fail:
        """Return the events that answer REQUEST. One without tools is a side request: any text does."""
        reply: Answer | Fail = Say("A title")
        with self._keeping:
            self.times.append(time.monotonic())
            self.requests.append(request)
        if request.get("tools"):
            turn = dialect.turn(request)
            reply = self.script(turn)
            self.turns.append((turn, reply))
        return reply if isinstance(reply, Fail) else dialect.events(reply, next(self._numbers), request)

    def times_of(self, text: str, since: int = 0) -> list[float]:
        """Return when the main requests with TEXT in them came, of those from number SINCE on."""
        escaped = json.dumps(text)[1:-1]
        came = zip(self.times[since:], self.requests[since:], strict=False)
        return [at for at, request in came if request.get("tools") and escaped in json.dumps(request)]


@contextmanager
def mock_model(listener: socket.socket, script: Script) -> Iterator[MockModel]:
    """Serve a `MockModel` on LISTENER for the time of a block."""
    model = MockModel(script)
    server = _Server(listener, model)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, model: MockModel) -> None:
        super().__init__(listener.getsockname(), _Requests, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.model = model


class _Requests(BaseHTTPRequestHandler):
    server: _Server
    dialects = (Anthropic(), OpenAI(), ChatCompletions(), Gemini())

    def do_HEAD(self) -> None:
        self._start("text/plain")

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.partition("?")[0]
        for dialect in self.dialects:
            if path.endswith(dialect.path):
                answer = self.server.model.answer(dialect, request)
                return self._refuse(answer) if isinstance(answer, Fail) else self._stream(answer)
        return self.send_error(404)

    def _refuse(self, failure: Fail) -> None:
        said = {"type": "error", "error": dict(failure.error)}
        self._start("application/json", failure.status, failure.headers)
        self.wfile.write(json.dumps(said).encode())

    def _start(self, content_type: str, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", content_type), *headers):
            self.send_header(name, value)
        self.end_headers()

    def _stream(self, events: Iterator[Json]) -> None:
        self._start("text/event-stream")
        with suppress(BrokenPipeError, ConnectionResetError):  # the user has stopped the agent, or it was killed
            for event in events:
                name = f"event: {event['type']}\n" if "type" in event else ""
                self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Write nothing to stderr: the requests are kept."""
