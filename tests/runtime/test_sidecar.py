"""`amq wake` with a shell, a terminal or a multiplexer, and an agent that are all real."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.runtime.agents.version_cache import note_version
from amq.runtime.policy.injection import InjectionRules
from amq.runtime.private_state import private_state
from amq.store import registry
from tests.pty.user import wait_until
from tests.runtime.outside import ONE_MESSAGE, TOLD, Outside, Tmux, gnu_screen, kitty, plain_terminal, tmux
from tests.seeds import SOAK

linux = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")


def needs(*tools: str) -> None:
    """Skip where one of TOOLS is not installed, or fail where everything is required to run."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing and os.environ.get("AMQ_REQUIRE_ALL") == "1":
        pytest.fail(f"required, but not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path)


@pytest.fixture
def pane(outside: Outside) -> Iterator[Tmux]:
    needs("tmux")
    with tmux(outside) as server:
        yield server


def nothing_happens(outside: Outside) -> None:
    """Wait long enough for a line to be typed, and check that nothing was."""
    before = outside.noted()
    silent_until = time.monotonic() + InjectionRules().typing_pause_s + 1.0
    wait_until(lambda: time.monotonic() > silent_until)
    assert outside.noted() == before


def check_quick_start(outside: Outside, way: str) -> None:
    outside.starts()
    assert outside.said() == f"amq: notifying claude of its mail by {way}\n"
    outside.send()
    outside.comes_to("started", *TOLD)
    wait_until(lambda: outside.unread() == 0)
    outside.send()
    outside.comes_to("started", *TOLD, *TOLD)
    wait_until(lambda: outside.waited_for()[-1:] == ["submitted"])


def test_the_quick_start_in_tmux(outside: Outside, pane: Tmux) -> None:
    check_quick_start(outside, "tmux")


def test_the_quick_start_in_a_plain_terminal(outside: Outside) -> None:
    with plain_terminal(outside):
        check_quick_start(outside, "tiocsti")


def test_the_quick_start_in_gnu_screen(outside: Outside) -> None:
    needs("screen")
    with gnu_screen(outside):
        check_quick_start(outside, "screen")


@pytest.mark.parametrize(
    "mode", ["\x01[", "\x01:", '\x01"', "\x01?", "\x01"], ids=["copy", "colon", "list", "help", "prefix"]
)
def test_the_line_passes_the_modes_of_gnu_screen(outside: Outside, mode: str) -> None:
    """Keys sent by `stuff` would be the mode's, and only the rest would be the program's."""
    needs("screen")
    with gnu_screen(outside) as shown:
        outside.starts()
        shown.press(mode)
        outside.send()
        outside.comes_to("started", *TOLD)


def test_the_quick_start_in_kitty(outside: Outside) -> None:
    """The test is not required, because a display is a heavy thing to require."""
    if not SOAK:
        pytest.skip("AMQ_SOAK=1 runs it")
    if not shutil.which("kitty") or not shutil.which("xvfb-run"):
        pytest.skip("not installed: kitty or xvfb-run")
    with kitty(outside):
        check_quick_start(outside, "kitty")


def test_a_placeholder_is_not_a_draft_and_a_draft_is_left_alone(outside: Outside, pane: Tmux) -> None:
    outside.starts("--dim")
    pane.press("half")
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["draft"])
    nothing_happens(outside)
    pane.press("\x15")
    outside.comes_to("started", *TOLD)


def test_a_dialog_is_left_alone(outside: Outside, pane: Tmux) -> None:
    outside.starts()
    pane.press("dialog\r")
    outside.comes_to("started", "submitted dialog", "dialog")
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["dialog"])
    nothing_happens(outside)
    pane.press("n")
    outside.comes_to("started", "submitted dialog", "dialog", "denied", *TOLD)


def test_a_row_that_is_another_places_is_left_alone(outside: Outside, pane: Tmux) -> None:
    """Claude Code's list of agents: the line would make one, and the key end another."""
    outside.starts("--dim")
    pane.press("tasks\r")
    outside.comes_to("started", "submitted tasks")
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["unknown-screen"])
    nothing_happens(outside)
    pane.press("\x11")
    outside.comes_to("started", "submitted tasks", *TOLD)


def test_nothing_is_typed_while_the_user_scrolls_back(outside: Outside, pane: Tmux) -> None:
    """In tmux's copy mode a capture shows what is behind it: the row, as if it could be typed into."""
    outside.starts()
    pane.tmux("copy-mode")
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["unknown-screen"])
    nothing_happens(outside)
    pane.tmux("send-keys", "-X", "cancel")
    outside.comes_to("started", *TOLD)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("set-option -w synchronize-panes on", "set-option -w synchronize-panes off"),
        ("clock-mode", "copy-mode -q"),
        ("select-pane -d", "select-pane -e"),
    ],
)
def test_while_keys_would_not_reach_just_this_pane_nothing_is_typed(
    outside: Outside, pane: Tmux, begin: str, end: str
) -> None:
    other = outside.place / "other"
    outside.starts()
    pane.tmux("split-window", "-d", "sh", "-c", f"stty raw; exec cat >{other}")
    wait_until(other.exists)
    pane.tmux(*begin.split())
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["unknown-screen"])
    nothing_happens(outside)
    pane.tmux(*end.split())
    outside.comes_to("started", *TOLD)
    assert other.read_bytes() == b""


def test_a_shell_at_its_prompt_and_other_programs_get_nothing(outside: Outside, pane: Tmux) -> None:
    """A line that a shell or an editor got would be run, or written."""
    outside.starts(agent=False)
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["no-channel"])
    nothing_happens(outside)
    pane.press("cat\r")
    nothing_happens(outside)
    assert ONE_MESSAGE not in pane.screen()
    pane.press("\x04")
    pane.press(f"claude {outside.log}\r")
    outside.comes_to("started", *TOLD)


def test_what_only_the_screen_shows_of_its_work_counts(outside: Outside, pane: Tmux) -> None:
    outside.starts()
    pane.press("work\r")
    outside.comes_to("started", "submitted work")
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["busy"])
    pane.press("done\r")
    outside.comes_to("started", "submitted work", "submitted done", *TOLD)


def test_without_the_key_that_dialogs_ignore_enter_is_for_an_agent_that_idles(outside: Outside, pane: Tmux) -> None:
    """This one's title does not say so."""
    outside.starts("--no-key")
    outside.send()
    outside.comes_to("started", "pasted")
    wait_until(lambda: outside.waited_for()[-1:] == ["uncertain"])
    assert ONE_MESSAGE in pane.screen()


def test_one_notifier_is_enough(outside: Outside, pane: Tmux) -> None:
    outside.starts(agent=False)
    pane.press("amq wake\r")
    wait_until(lambda: f"amq wake --via tmux, process {outside.notifier()}" in pane.screen())


@linux
def test_it_is_silent_and_in_a_group_of_its_own(outside: Outside, pane: Tmux) -> None:
    """A library's output would go to the agent's screen; ^Z there stops a whole group."""
    outside.starts()
    pid = outside.notifier()
    assert pid is not None
    wait_until(lambda: all(os.readlink(f"/proc/{pid}/fd/{number}") == os.devnull for number in (0, 1, 2)))
    assert os.getpgid(pid) == pid


def test_it_survives_the_stop_of_the_job_it_was_started_with(outside: Outside) -> None:
    """A script starts both in one group, which ^Z stops as a whole."""
    script = outside.place / "both"
    script.write_text(f"amq wake 2>{outside.place}/said & exec sleep 1000\n")
    with plain_terminal(outside) as shell:
        shell.press(f"export AM_ME=claude AM_ROOT={outside.root}\r")
        shell.press(f"sh {script}\r")
        wait_until(lambda: "notifying" in outside.said())
        shell.press("\x1a")
        shell.sees(b"Stopped")
        shell.press(f"claude {outside.log}\r")
        outside.send()
        outside.comes_to("started", *TOLD)


@pytest.mark.parametrize("wake", ["amq wake", "nohup amq wake >/dev/null"])
def test_it_ends_with_its_pane(outside: Outside, pane: Tmux, wake: str) -> None:
    outside.starts(wake=wake)
    assert outside.notifier() is not None
    pane.tmux("kill-server")
    wait_until(lambda: outside.notifier() is None)


def test_it_ends_by_a_signal(outside: Outside, pane: Tmux) -> None:
    outside.starts()
    pid = outside.notifier()
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: outside.notifier() is None)


def test_the_users_own_text_and_a_bell(outside: Outside) -> None:
    with plain_terminal(outside) as shell:
        outside.starts(wake="amq wake --bell --inject-mode raw --inject-cmd 'check your mail'")
        assert b"\a" not in shell.output.rpartition(b"\x1b]0;boxed\a")[2]
        outside.send()
        outside.comes_to("started", "submitted check your mail")
        wait_until(lambda: b"\a" in shell.output.rpartition(b"\x1b]0;boxed\a")[2])


def test_a_preview(outside: Outside, pane: Tmux) -> None:
    outside.starts(wake="amq wake --preview --preview-len 10")
    outside.send("Review `rm -rf` 審査 please")
    about = ONE_MESSAGE.replace(".", ", about Review rm.", 1)
    outside.comes_to("started", "pasted", f"submitted {about}")


def test_the_users_own_command(outside: Outside) -> None:
    with plain_terminal(outside):
        outside.starts(wake=f"amq wake --command 'echo \"$1\" >>{outside.place}/told'", agent=False)
        outside.send()
        told = outside.place / "told"
        wait_until(lambda: told.exists() and told.read_text() == f"{ONE_MESSAGE}\n")
        wait_until(lambda: outside.waited_for() == ["sent"])


def test_a_notice(outside: Outside) -> None:
    shown = outside.place / "shown"
    notify = outside.place / "bin" / "notify-send"
    notify.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >{shown}\n')
    notify.chmod(0o700)
    with plain_terminal(outside):
        outside.starts(wake="amq wake --via notice", agent=False)
        outside.send()
        wait_until(lambda: outside.waited_for() == ["sent"])
        assert shown.read_text() == f"--app-name=amq|--|Mail for claude|{ONE_MESSAGE}|"


def test_the_user_is_notified_of_their_own_mail(outside: Outside) -> None:
    registry.make_mailbox(QueueLayout(outside.root), "user")
    told = outside.place / "told"
    with plain_terminal(outside):
        outside.starts(wake=f"amq wake --me user --command 'echo \"$1\" >>{told}'", agent=False)
        Mailbox(outside.root, "codex").send(["user"], b"done")
        wait_until(lambda: told.exists() and told.read_text() == f"{ONE_MESSAGE}\n")


def test_a_pane_whose_name_was_only_inherited_is_not_typed_into(outside: Outside, pane: Tmux) -> None:
    """A terminal that was opened from within tmux inherits it."""
    outside.environment |= {
        "TMUX": f"{outside.place}/tmux,1,0",
        "TMUX_PANE": pane.tmux("display-message", "-p", "#{pane_id}").strip(),
    }
    with plain_terminal(outside) as shell:
        shell.press(f"AM_ME=claude AM_ROOT={outside.root} amq wake --check\r")
        shell.sees(b"tmux     no: this terminal is not the one that TMUX_PANE names")


def test_a_blind_way_types_nothing_to_a_shell_or_an_editor(outside: Outside) -> None:
    with plain_terminal(outside) as shell:
        outside.starts(agent=False)
        outside.send()
        wait_until(lambda: outside.waited_for()[-1:] == ["no-channel"])
        nothing_happens(outside)
        assert b"amq: 1 new message" not in shell.output


def test_a_blind_way_heeds_what_the_agent_says_in_its_file(outside: Outside) -> None:
    with plain_terminal(outside) as shell:
        outside.starts()
        shell.press("dialog\r")
        outside.comes_to("started", "submitted dialog", "dialog")
        outside.says_in_its_file("waiting")
        outside.send()
        wait_until(lambda: outside.waited_for()[-1:] == ["dialog"])
        nothing_happens(outside)
        shell.press("n")
        wait_until(lambda: outside.noted()[-1:] == ["denied"])
        outside.says_in_its_file("idle")
        outside.comes_to("started", "submitted dialog", "dialog", "denied", *TOLD)


def test_a_blind_way_heeds_that_a_session_was_moved_into_the_list_of_agents(outside: Outside) -> None:
    """The terminal may show the list then, where the key would end it."""
    with plain_terminal(outside):
        outside.starts()
        outside.says_in_its_file("idle", parkedJobId="d55e4440")
        outside.send()
        wait_until(lambda: outside.waited_for()[-1:] == ["unknown-screen"])
        nothing_happens(outside)
        outside.says_in_its_file("idle")
        outside.comes_to("started", *TOLD)


def test_a_blind_way_presses_no_key_that_this_version_lacks(outside: Outside) -> None:
    with plain_terminal(outside):
        outside.starts("--no-key")
        outside.says_in_its_file("idle", version="2.1.197")
        outside.send()
        outside.comes_to("started", "pasted")
        wait_until(lambda: outside.waited_for()[-1:] == ["typed"])


def test_a_blind_way_leaves_the_line_where_no_key_is_harmless(outside: Outside) -> None:
    """A program of a profile of the user's own."""
    profiles = outside.place / ".config" / "amq" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "other.toml").write_text('extends = "opencode"\nname = "other"\nprograms = ["other"]\n')
    other(outside)
    with plain_terminal(outside) as shell:
        outside.starts(wake="amq wake --program other --inject-mode paste", agent=False)
        shell.press(f"other {outside.log}\r")
        outside.comes_to("started")
        outside.send()
        outside.comes_to("started", "pasted")
        wait_until(lambda: outside.waited_for()[-1:] == ["typed"])
        nothing_happens(outside)


def other(outside: Outside) -> Path:
    """Make an agent that amq does not know by name; return the file that records its notices."""
    shutil.copy(outside.place / "bin" / "claude", outside.place / "bin" / "other")
    notify, shown = outside.place / "bin" / "notify-send", outside.place / "shown"
    notify.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >>{shown}\necho >>{shown}\n')
    notify.chmod(0o700)
    return shown


def gets_nothing(outside: Outside, reason: str, count: int = 1) -> None:
    """Check that mail for the other agent waits for REASON."""
    for _ in range(count):
        outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == [reason], outside.waited_for)
    nothing_happens(outside)
    assert outside.noted() == ["started"]


def starts_other(outside: Outside, options: str) -> None:
    outside.starts(wake=f"amq wake {options}", agent=False)
    outside.press(f"other {outside.log}\r")
    outside.comes_to("started")


@pytest.mark.parametrize("way", ["tmux", "tiocsti"])
def test_a_program_that_amq_does_not_know_gets_nothing_and_the_user_is_notified_once(
    outside: Outside, way: str, request: pytest.FixtureRequest
) -> None:
    shown = other(outside)
    with plain_terminal(outside) if way == "tiocsti" else contextlib.nullcontext(request.getfixturevalue("pane")):
        starts_other(outside, "--program other")
        assert "amq: amq does not know other, so it types nothing into it" in outside.said()
        gets_nothing(outside, "unknown-program")
        wait_until(shown.exists)
        assert shown.read_text() == "--app-name=amq|--|Mail for claude|Unread mail. To see why: amq why claude|\n"


def test_the_user_s_own_command_is_run_instead_of_a_desktop_notice(outside: Outside) -> None:
    shown, ran = other(outside), outside.place / "ran"
    ping = outside.place / "bin" / "ping-me"
    ping.write_text(f'#!/bin/sh\nprintf "%s|" "$AMQ_NOTICE" "$AMQ_AGENT" "$@" >{ran}-part; mv {ran}-part {ran}\n')
    ping.chmod(0o700)
    with plain_terminal(outside):
        starts_other(outside, "--program other --notice off --notice-command 'ping-me -q'")
        outside.send()
        wait_until(ran.exists)
        assert (ran.read_text(), shown.exists()) == ("parked|claude|-q|", False)


@pytest.mark.parametrize("way", ["tmux", "tiocsti"])
def test_the_user_may_vouch_for_it(outside: Outside, way: str, request: pytest.FixtureRequest) -> None:
    """With --submit, Enter is pressed anyway."""
    other(outside)
    with plain_terminal(outside) if way == "tiocsti" else contextlib.nullcontext(request.getfixturevalue("pane")):
        starts_other(outside, "--program other --submit --inject-mode paste")
        outside.send()
        outside.comes_to("started", *TOLD)


def test_a_profile_is_given_to_a_program_whose_screen_is_seen(outside: Outside, pane: Tmux) -> None:
    other(outside)
    starts_other(outside, "--program other --profile claude")
    pane.press("dialog\r")
    outside.comes_to("started", "submitted dialog", "dialog")
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["dialog"], outside.waited_for)
    nothing_happens(outside)
    pane.press("n")
    outside.comes_to("started", "submitted dialog", "dialog", "denied", *TOLD)


def test_a_version_that_was_not_tested_is_announced_and_has_to_say_that_it_idles(outside: Outside, pane: Tmux) -> None:
    note_version(private_state(os.environ, ()), str(outside.place / "bin" / "claude"), "9.9.7")
    outside.starts()
    assert outside.said().splitlines() == [
        "amq: claude 9.9.7 is neither tested nor certified with this amq; to try it offline: amq certify claude",
        "amq: notifying claude of its mail by tmux",
    ]
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["not-certified"], outside.waited_for)
    outside.says_in_its_file("idle", version="9.9.7")
    outside.comes_to("started", *TOLD)


@pytest.mark.parametrize("options", ["--profile claude", "--prompt '> '"])
def test_what_the_user_says_of_a_program_does_not_do_where_nothing_is_seen(outside: Outside, options: str) -> None:
    """Behind docker or ssh the program may be at a shell."""
    other(outside)
    with plain_terminal(outside):
        starts_other(outside, f"--program other {options}")
        gets_nothing(outside, "unknown-screen")


ONE_TYPED = ONE_MESSAGE.replace("1", "a")  # as keys: whether such a program takes pastes is not seen


def test_at_a_prompt_of_the_users_program_a_line_is_typed_and_nowhere_else(outside: Outside, pane: Tmux) -> None:
    """Not into its children, whatever they print, and not behind a draft. The shell around it has another prompt."""
    outside.starts(wake="amq wake --program bash --prompt 'in$ '", agent=False)
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["unknown-screen"], outside.waited_for)
    nothing_happens(outside)
    pane.press("PS1='in$ ' /bin/bash --norc --noprofile -i\r")
    wait_until(lambda: outside.waited_for()[-1:] == ["submitted"], outside.waited_for)
    assert pane.screen().count(ONE_TYPED) == 1
    wait_until(lambda: "command not found" in pane.screen())
    with Mailbox(outside.root, "claude").drain() as mail:
        assert list(mail)
    for keys, reason, after in (("sh -c 'printf \"in$ \"; read it'\r", "no-channel", "\r"), ("half", "draft", "\x15")):
        before = pane.screen().count(ONE_TYPED)
        pane.press(keys)
        outside.send()
        wait_until(lambda reason=reason: outside.waited_for()[-1:] == [reason], outside.waited_for)  # type: ignore[misc]
        nothing_happens(outside)
        assert pane.screen().count(ONE_TYPED) == before
        pane.press(after)
        wait_until(lambda: outside.waited_for()[-1:] == ["submitted"], outside.waited_for)
        with Mailbox(outside.root, "claude").drain() as mail:
            assert list(mail)


def test_a_program_whose_line_the_kernel_edits_gets_nothing_at_its_prompt(outside: Outside, pane: Tmux) -> None:
    """Text typed ahead is not seen."""
    outside.starts(wake="amq wake --program sh --prompt '? '", agent=False)
    pane.press("sh -c 'while printf \"? \"; read -r it; do sleep 1; done'\r")
    outside.send()
    wait_until(lambda: outside.waited_for()[-1:] == ["unknown-screen"], outside.waited_for)
    nothing_happens(outside)
    assert ONE_MESSAGE.partition(" ")[0] not in pane.screen().rpartition("? ")[2]
