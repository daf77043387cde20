"""Claude Code that does not load amq's plugin, or may not: mail comes the next way, and amq says why.

The requests that the mock model got are the only proof. AMQ_SOAK=1 runs these tests.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from amq.certify.mock_model import reads_given
from amq.runtime.agents.claude.profile import PROFILE
from amq.runtime.journal import LOG_NAME
from tests.conftest import private_directory
from tests.real.agents import Agent, cache_directory
from tests.real.rig import Rig
from tests.real.terminal import Terminal, wait_until
from tests.real.test_awkward_mail_real import PROGRAM
from tests.real.user import AMQ, INPUT_ROW, Run, User, agents, soak

pytestmark = [soak, pytest.mark.timeout(180)]
BODY = "The body of the mail."
REFUSED = "your organization does not allow claude to load a plugin"
SILENT = "silent"


@dataclass(frozen=True)
class Off:
    """A reason for no plugin: an option, settings of the user's, or those of an organization, as JSON.

    WHY is in what amq says before the start, or, if only the missing hello shows it, SILENT.
    """

    name: str
    why: str
    arguments: tuple[str, ...] = ()
    own: str = ""
    managed: str = ""
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


HOOKS_OFF = '{"disableAllHooks": true}'
NO_FLAGS = '{"disableSideloadFlags": true}'
ALL = (
    Off("--bare", "--bare leaves plugins out", ("--bare",)),
    Off("--safe-mode", "--safe-mode leaves plugins out", ("--safe-mode",)),
    Off("user's settings", "settings.json has disableAllHooks", own=HOOKS_OFF),
    Off("--settings", "your --settings have disableAllHooks", ("--settings", HOOKS_OFF)),
    Off("managed hooks off", "managed-settings.json has disableAllHooks", managed=HOOKS_OFF),
    Off(
        "managed hooks only",
        "managed-settings.json has allowManagedHooksOnly",
        managed='{"allowManagedHooksOnly": true}',
    ),
    Off("no sideloading", "managed-settings.json has disableSideloadFlags", managed=NO_FLAGS),
    Off("--no-plugin", "off", options=("--no-plugin",)),
)


def start(rig: Rig, agent: Agent, run: Run, off: Off, *options: str) -> Terminal:
    """Run AGENT with what OFF names. Only the program sees managed settings, amq does not."""
    rig.model.script = reads_given
    home = rig.home(agent)
    if off.own:
        (rig.project / ".claude").mkdir()
        (rig.project / ".claude" / "settings.json").write_text(off.own)
    variables = {}
    if off.managed:
        etc, programs = rig.directory / "etc", rig.directory / "programs"
        shutil.copytree("/etc", etc, symlinks=True, ignore=lambda *_: ["claude-code"])
        (etc / "claude-code").mkdir()
        (etc / "claude-code" / "managed-settings.json").write_text(off.managed)
        programs.mkdir()
        program = programs / agent.program
        program.write_text(PROGRAM.format(etc=etc, program=agent.executable(cache_directory())))
        program.chmod(0o700)
        variables = {"PATH": f"{programs}:{home['PATH']}"}
    terminal = run(agent, *off.options, *options, arguments=off.arguments, variables=variables, plugin=True)
    terminal.wait_for(INPUT_ROW)
    return terminal


def comes(rig: Rig, agent: Agent, user: User, terminal: Terminal) -> None:
    """Send mail, and wait until it is in a request and filed; it has not come by the plugin."""
    user.amq("send", "--to", "claude", "--subject", "A subject", "--body", BODY)

    def seen() -> str:
        return f"{user.history(agent)}\n{log(rig)}\n{terminal.screen()}"

    wait_until(lambda: rig.model.times_of(BODY) and not user.amq("list", "--new", me="claude"), seen, timeout=60)
    assert "plugin" not in user.ways(agent)
    assert user.amq("who")[0]["mail_by"] != "plugin"


def log(rig: Rig) -> str:
    return (private_directory(rig.project / ".agent-mail", "claude") / LOG_NAME).read_text()


def explained(rig: Rig, agent: Agent, *words: str, etc: Path | None = None) -> str:
    """Return what `amq run` would do with WORDS, where ETC is /etc."""
    inside = ["unshare", "--mount", "sh", "-c", f'mount --bind {etc} /etc && exec "$@"', "sh"] if etc else []
    line = [*inside, str(AMQ), "run", "--explain", *words]
    done = subprocess.run(line, cwd=rig.project, env=rig.home(agent), capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("off", [each for each in ALL if not each.managed], ids=str)
@agents(also=("claude", "claude-before"))
def test_where_it_is_off_mail_comes_the_next_way(rig: Rig, agent: Agent, user: User, run: Run, off: Off) -> None:
    terminal = start(rig, agent, run, off)
    comes(rig, agent, user, terminal)
    assert off.why in log(rig)
    assert off.why in explained(rig, agent, *off.options, "--", agent.program, *off.arguments)
    assert "plugin" not in user.amq("who")[0]


@pytest.mark.parametrize("off", [each for each in ALL if each.managed], ids=str)
@agents(also=("claude", "claude-before"))
def test_where_only_the_program_sees_that_it_may_not_load_it_mail_comes_the_next_way(
    rig: Rig, agent: Agent, user: User, run: Run, off: Off
) -> None:
    """As by settings that come from a server."""
    terminal = start(rig, agent, run, off)
    comes(rig, agent, user, terminal)
    if off.managed == NO_FLAGS:
        assert f"no plugin: {REFUSED}" in log(rig)
        assert "plugin" not in user.amq("who")[0]
    else:
        assert "plugin: silent" in log(rig)
        assert user.amq("who")[0]["plugin"] == SILENT
    told = explained(rig, agent, "--", agent.program, etc=rig.directory / "etc")
    assert off.why in told, "where amq sees it too"


@agents(also=("claude", "claude-before"))
def test_where_only_an_organization_s_plugins_may_have_hooks_mail_comes(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    terminal = start(rig, agent, run, Off("managed mods only", "", managed='{"allowManagedModsOnly": true}'))
    user.amq("send", "--to", "claude", "--subject", "A subject", "--body", BODY)
    wait_until(
        lambda: rig.model.times_of(BODY) and not user.amq("list", "--new", me="claude"), terminal.screen, timeout=60
    )


@agents(also=("claude-old",))
def test_a_version_without_plugins_is_silent_and_goes_on(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    assert agent.version not in PROFILE.plugin_versions
    terminal = start(rig, agent, run, Off("forced", SILENT), "--plugin")
    comes(rig, agent, user, terminal)
    assert "plugin: silent" in log(rig)
    assert user.amq("who")[0]["plugin"] == SILENT


@agents(also=("claude-old",))
def test_an_untested_version_gets_none(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = start(rig, agent, run, Off("untested", ""))
    comes(rig, agent, user, terminal)
    assert f"no plugin: claude {agent.version} was not tested with it; to try it: --plugin" in log(rig)
    assert "plugin" not in user.amq("who")[0]
