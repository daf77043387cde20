"""Facts that are found out before an agent is started."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from amq.layout import QueueLayout
from amq.pty.errors import CannotRunError
from amq.record import replace
from amq.runtime.agents.profiles import profile_for
from amq.runtime.agents.version_cache import NAME, note_version
from amq.runtime.at_start import AtStart, at_start
from amq.runtime.certified import VERSION_WITHIN_S, Certified, ask_version
from amq.runtime.consent import Allowed
from amq.runtime.launch import Options
from amq.runtime.policy.certification import Limits
from amq.runtime.private_state import PrivateState
from amq.runtime.trust import Trust
from amq.runtime.verdicts import SCENARIOS, Verdict, write_verdict
from amq.store import registry

TESTED = "2.1.332 (Claude Code)"
ALLOWED = Options(allowed=Allowed(True, "--allow-amq"))


class Place:
    """A queue with two agents, a private directory, and a program named codex that notes that it was asked."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "project" / ".agent-mail"
        self.private = directory / "private"
        self.asked = directory / "asked"
        self.private.mkdir()
        self.root.parent.mkdir()
        (directory / "bin").mkdir()
        program = directory / "bin" / "codex"
        program.write_text(f"#!/bin/sh\n: >{self.asked}\n")
        program.chmod(0o755)
        self.environment = {"PATH": f"{directory / 'bin'}:/bin", "HOME": str(directory)}

    def make_queue(self) -> None:
        queue = QueueLayout(str(self.root))
        registry.make_queue(queue, tracked=False)
        registry.register(queue, ["codex", "reviewer"], 1)

    def start(
        self, options: Options = ALLOWED, program: str = "codex", files: str = "/run", *, given: bool = False
    ) -> AtStart:
        trust = Trust(str(self.root), PrivateState(str(self.private)), given=given)
        profile = profile_for(program)
        return at_start(profile, [program], self.environment, "codex", options, PrivateState(files), trust)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_model_hears_of_the_agents_that_are_registered(place: Place) -> None:
    assert "Others: user." in place.start().introduction, "there is no queue yet"
    place.make_queue()
    found = place.start()
    assert found.introduction.startswith("You are `codex`")
    assert "Others: reviewer, user." in found.introduction
    assert found.cwd == os.getcwd()
    assert place.start(replace(ALLOWED, wake=False)).introduction == ""
    assert place.start(program="claude").introduction == "", "its hook says it"
    assert place.start(program="qwen").introduction == found.introduction


def test_a_server_is_chosen_only_for_a_cli_that_is_to_be_notified_through_it(place: Place) -> None:
    native = replace(ALLOWED, native=True)
    served = [
        place.start(options, program=program).server is not None
        for program in ("opencode", "codex")
        for options in (native, ALLOWED, replace(native, wake=False))
    ]
    assert served == [True, False, False, False, False, False]


def test_no_model_hears_of_a_queue_that_another_may_have_made(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.make_queue()
    (place.root / "linked").symlink_to(place.private)
    assert place.start().introduction == ""
    look = os.lstat

    def fail(path: str, **more: int | None) -> os.stat_result:
        if path == str(place.root):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return look(path, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "lstat", fail)
        assert place.start().introduction == ""
    assert place.start(given=True).introduction


def test_hooks_are_asked_about_with_the_users_consent_alone(place: Place) -> None:
    for options in (Options(), Options(hooks=True), replace(ALLOWED, hooks=False), replace(ALLOWED, wake=False)):
        assert place.start(options).not_vetted == ""
    assert place.start(program="claude").not_vetted == ""
    assert place.start(files="").not_vetted == ""
    assert not place.asked.exists()
    assert place.start().not_vetted
    assert place.asked.exists()


def test_a_missing_program_does_not_answer(place: Place) -> None:
    place.environment["PATH"] = os.path.dirname(sys.executable)
    with pytest.raises(CannotRunError):
        place.start()


# -- the plugin -------------------------------------------------------------------------------------------------------


def start_claude(place: Place, options: Options = Options(), said: str = TESTED, *words: str) -> AtStart:  # noqa: B008
    """Start a claude that says its version in the directory of PLACE; return what is found out before."""
    program = Path(place.environment["PATH"].split(":")[0], "claude")
    program.write_text(f"#!/bin/sh\n: >>{place.asked}\necho '{said}'\n")
    program.chmod(0o755)
    trust = Trust(str(place.root), PrivateState(str(place.private)))
    command = [str(program), *words]
    return at_start(profile_for("claude"), command, place.environment, "claude", options, PrivateState("/run"), trust)


def test_a_tested_version_gets_the_plugin(place: Place) -> None:
    found = start_claude(place)
    assert (found.has_plugin, found.no_plugin, found.certified.version) == (True, "", "2.1.332")


@pytest.mark.parametrize(
    ("said", "version"), [("2.1.197", "2.1.197"), ("9.9.9", "9.9.9"), ("?", "of an unknown version")]
)
def test_another_version_gets_it_only_by_the_option(place: Place, said: str, version: str) -> None:
    found = start_claude(place, said=said)
    assert (found.has_plugin, found.no_plugin) == (
        False, f"claude {version} was not tested with it; to try it: --plugin",
    )  # fmt: skip
    assert start_claude(place, Options(plugin=True), said).has_plugin


def judge(place: Place, **results: str) -> None:
    """Record a verdict about version 9.9.9, in which all but RESULTS went well."""
    all_yes = {name: "" for name, _ in SCENARIOS}
    verdict = Verdict("claude", "9.9.9", "xterm", "0.1", "2026-11-30T10:00:00.000Z", all_yes | results)
    write_verdict(PrivateState(str(place.private)), verdict)


def test_a_certified_version_gets_it(place: Place) -> None:
    judge(place)
    found = start_claude(place, Options(amq="0.1"), "9.9.9")
    assert (found.has_plugin, found.certified.limits) == (True, Limits(has_body=True))
    assert not start_claude(place, Options(amq="0.2"), "9.9.9").has_plugin, "another amq has other rules"
    judge(place, exit="left the mouse on")
    assert start_claude(place, Options(amq="0.1"), "9.9.9").has_plugin


def test_a_version_whose_text_did_not_arrive_gets_it_only_by_the_option(place: Place) -> None:
    judge(place, body="nothing came")
    found = start_claude(place, Options(amq="0.1"), "9.9.9")
    assert found.no_plugin == "amq certify has found a failure: body: nothing came; to try it: --plugin"
    assert start_claude(place, Options(amq="0.1", plugin=True), "9.9.9").has_plugin


def test_its_version_is_asked_once_until_it_is_installed_anew(place: Place) -> None:
    for said, asked in (("9.9.9", 1), ("9.9.9", 1), ("9.9.10", 2)):
        before = place.asked.stat().st_mtime_ns if place.asked.exists() else 0
        program = Path(place.environment["PATH"].split(":")[0], "claude")
        if not program.exists() or said not in program.read_text():
            program.write_text(f"#!/bin/sh\necho x >>{place.asked}\necho '{said}'\n")
            program.chmod(0o755)
        trust = Trust(str(place.root), PrivateState(str(place.private)))
        files = PrivateState("/run")
        found = at_start(profile_for("claude"), ["claude"], place.environment, "claude", Options(), files, trust)
        assert (found.certified.version, before >= 0) == (said, True)
        assert place.asked.read_text().count("x") == asked


def test_a_version_that_is_noted_is_not_noted_again(place: Place) -> None:
    start_claude(place)
    noted, program = place.private / NAME, Path(place.environment["PATH"].split(":")[0], "claude")
    before = noted.stat().st_ino
    private = PrivateState(str(place.private))
    assert ask_version(profile_for("claude"), str(program), place.environment, private, VERSION_WITHIN_S) == "2.1.332"
    assert noted.stat().st_ino == before


def test_a_program_is_not_run_to_learn_its_version_where_no_plugin_needs_it(place: Place) -> None:
    place.make_queue()
    found = place.start(Options())
    assert (found.certified, place.asked.exists()) == (Certified(limits=Limits(is_certain=False)), False)
    note_version(PrivateState(str(place.private)), str(place.asked.parent / "bin" / "codex"), "0.171.0")
    assert place.start(Options()).certified == Certified("0.171.0")
    assert not place.asked.exists()


@pytest.mark.parametrize("options", [Options(plugin=False), Options(wake=False), Options(plugin=True, wake=False)])
def test_who_wants_no_plugin_gets_none(place: Place, options: Options) -> None:
    found = start_claude(place, options)
    assert (found.has_plugin, found.no_plugin) == (False, "off")
    assert not place.asked.exists(), "no version is asked for"


def test_settings_that_keep_it_out_are_named(place: Place) -> None:
    for options in (Options(), Options(plugin=True)):
        found = start_claude(place, options, TESTED, "--safe-mode")
        assert (found.has_plugin, found.no_plugin) == (False, "--safe-mode leaves plugins out")


def test_another_cli_has_none(place: Place) -> None:
    assert place.start(Options()).no_plugin == "amq has none for codex"


def test_without_a_directory_there_is_no_plugin(place: Place) -> None:
    trust = Trust(str(place.root), PrivateState(str(place.private)))
    files = PrivateState("", "it is full")
    found = at_start(profile_for("claude"), ["claude"], place.environment, "claude", Options(), files, trust)
    assert found.no_plugin == "amq has no private directory for it (it is full)"
