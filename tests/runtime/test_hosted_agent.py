"""The parts of `amq run` that an agent's profile decides."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from amq.runtime.agents.profiles import built_in
from amq.runtime.channels.agent_api import NativeFirst
from amq.runtime.channels.hosted_terminal import PtyChannel
from amq.runtime.hooks.script import EVENT_NAME
from amq.runtime.hosted_agent import HostedAgent, hosted_agent
from amq.runtime.launch import Launch, Options
from amq.runtime.path_shim import command_path

if TYPE_CHECKING:
    from amq.pty.host import Host
    from amq.runtime.agents.native_delivery import Plugin


def agent(name: str, files: str = "", *, has_hooks: bool = False, finds_amq: bool = False) -> HostedAgent:
    launch = Launch(built_in()[name], [name], {}, [], "", finds_amq=finds_amq, has_hooks=has_hooks, files=files)
    return hosted_agent(launch, 1, 0.0, 0.0, None)


@pytest.mark.parametrize("name", ["claude", "codex", "gemini", "generic"])
@pytest.mark.parametrize("native", [True, False])
def test_its_own_api_is_used_where_there_is_one_and_it_is_wanted(name: str, native: bool, tmp_path: Path) -> None:
    channel = agent(name).channel(cast("Host", SimpleNamespace()), Options(native=native), str(tmp_path))
    kind = NativeFirst if native and name in ("claude", "codex") else PtyChannel
    assert (type(channel), channel.way) == (kind, "pty")


def test_a_plugin_is_tried_before_all_other_ways(tmp_path: Path) -> None:
    plugin = cast("Plugin", SimpleNamespace(way="plugin", forbids=lambda: None))
    for options in (Options(), Options(native=True)):
        channel = agent("claude", str(tmp_path), has_hooks=True).channel(
            cast("Host", SimpleNamespace()), options, str(tmp_path), plugin
        )
        assert isinstance(channel, NativeFirst)
        assert channel._native is plugin
        assert isinstance(channel._typed, NativeFirst)
        assert type(channel._typed._native).__name__ == "BackgroundHook"
        assert isinstance(channel._typed._typed, PtyChannel)
        assert channel._typed._typed._forbids is plugin.forbids


@pytest.mark.parametrize("hooked", [True, False])
def test_events_count_only_if_it_was_given_hooks(hooked: bool, tmp_path: Path) -> None:
    (tmp_path / EVENT_NAME).write_text("prompt\n")
    assert agent("codex", str(tmp_path), has_hooks=hooked).status.hooks_active is hooked


@pytest.mark.parametrize("finds_amq", [True, False])
def test_the_bare_word_is_typed_where_its_shells_find_it(finds_amq: bool, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()  # no login shell is asked
    command = agent("generic", str(tmp_path), finds_amq=finds_amq).amq_command(stop)
    assert command == ("amq" if finds_amq else command_path(str(tmp_path)))
