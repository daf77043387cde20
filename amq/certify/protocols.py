"""The streaming protocols in which the agents' CLIs talk to a model: how requests are read and answers written.

Each is read as a `Turn` (the user's last text, and the tools' results since then) and answered with an `Answer`.
"""

from __future__ import annotations

import html
import itertools
import json
import re
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
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
        for number in itertools.count(1):  # some CLIs take a text that repeats itself for a loop
            if self.until():
                return
            time.sleep(0.1)
            yield " and more" if number == 1 else f" and {number} more"


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
class Write:
    """Ask for a new file with one line of TEXT, by the tool for edits; of Claude Code and Codex only.

    PATH is absolute, as Claude Code requires.
    """

    path: str
    text: str


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


Answer = Say | Call | Calls | Ask | Write
_Tool = Call | Ask | Delegate | Write
Script = Callable[[Turn], Answer | Fail]


class Dialect:
    """One vendor's protocol: how requests are read and answers written."""

    path: str  # or a part of its path

    def is_main(self, request: Json) -> bool:
        """Return whether REQUEST is one of the conversation's: a side request, such as for a title, has no tools."""
        return bool(request.get("tools"))

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


def _calls(answer: Call | Calls | Ask | Write) -> list[_Tool]:
    if not isinstance(answer, Calls):
        return [answer]
    return [*([Delegate(answer.task)] if answer.task else []), *map(Call, answer.commands)]


def _claude_tool(answer: _Tool) -> tuple[str, Json]:
    if isinstance(answer, Call):
        return "Bash", {"command": answer.command, "description": "Run a command"}
    if isinstance(answer, Delegate):
        return "Agent", {"description": "A part", "prompt": answer.task, "subagent_type": "general-purpose"}
    if isinstance(answer, Write):
        return "Write", {"file_path": answer.path, "content": f"{answer.text}\n"}
    return "AskUserQuestion", {"questions": [_question(answer) | {"multiSelect": False}]}


def _shell_tool(answer: Answer) -> Json:
    """Return the command of ANSWER for Gemini CLI and Qwen Code."""
    assert isinstance(answer, Call)
    return {"command": answer.command, "description": "Run a command", "is_background": False}


def _chat_tool(answer: Answer, offered: Container[str]) -> tuple[str, Json]:
    """Return the tool for ANSWER of those OFFERED, and its arguments; Qwen Code has no `bash`."""
    if isinstance(answer, Ask):
        choice = {"type": "string", "title": "Choice", "enum": list(answer.choices)}
        schema = {"properties": {"choice": choice}, "required": ["choice"]}
        return "ask_user", {"message": answer.question, "requestedSchema": schema}
    return "bash" if "bash" in offered else "run_shell_command", _shell_tool(answer)


def _codex_tool(answer: Call | Ask | Delegate) -> tuple[str, Json]:
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
    """`POST /v1/responses`, as Codex uses it; the tool is `exec_command`.

    The models that it knows get one tool, `exec`, which runs a script that calls the others, such as `apply_patch`.
    """

    path = "/v1/responses"

    def is_main(self, request: Json) -> bool:
        is_title = "format" in request.get("text", {})
        return super().is_main(request) or (
            not is_title and any(item["type"] == "additional_tools" for item in request["input"])
        )

    def turn(self, request: Json) -> Turn:
        text, results, given = "", list[str](), ""
        for item in request["input"]:
            if item["type"] in ("function_call_output", "custom_tool_call_output"):
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
        if isinstance(call, Write):
            patch = f"*** Begin Patch\n*** Add File: {call.path}\n+{call.text}\n*** End Patch\n"
            script = f"text(await tools.apply_patch({json.dumps(patch)}));"
            item = {"type": "custom_tool_call", "id": f"ctc_{number}", "name": "exec", "input": script}
        else:
            name, arguments = _codex_tool(call)
            item = {"type": "function_call", "id": f"fc_{number}", "name": name, "arguments": json.dumps(arguments)}
        item["call_id"] = f"call_{number}"
        if isinstance(call, Delegate):
            item["namespace"] = "multi_agent_v1"
        yield {"type": "response.output_item.added", "output_index": index, "item": item}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}


class ChatCompletions(Dialect):
    """`POST /v1/chat/completions`, as Qwen Code, GitHub Copilot CLI and pi use it.

    The tool is `run_shell_command`, or `bash`.
    """

    path = "/v1/chat/completions"

    def turn(self, request: Json) -> Turn:
        text, results = "", list[str]()
        for message in request["messages"]:
            if message["role"] == "tool":
                results.append(_text_of(message["content"]))
            elif message["role"] == "user":
                text, results = _CLOCK.sub("", _text_of(message["content"])), []
        return Turn(text, tuple(results))

    def events(self, answer: Answer, number: int, request: Json) -> Iterator[Json]:
        if isinstance(answer, Say):
            for piece in answer.pieces():
                yield self._chunk(number, {"role": "assistant", "content": piece}, None)
            yield self._chunk(number, {}, "stop")
        else:
            name, arguments = _chat_tool(answer, {tool["function"]["name"] for tool in request["tools"]})
            function = {"name": name, "arguments": json.dumps(arguments)}
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
_CLOCK = re.compile(r"\A<current_datetime>.*?</current_datetime>\s*")  # of GitHub Copilot CLI, before each text
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


DIALECTS: tuple[Dialect, ...] = (Anthropic(), OpenAI(), ChatCompletions(), Gemini())
