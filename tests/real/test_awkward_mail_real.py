"""Mail that a hook cannot give as usual reaches a real agent's model whole: too much, too long, not text, or no hooks.

The requests that the mock model got are the only proof. AMQ_SOAK=1 runs these tests.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterable

import pytest

from amq.certify.mock_model import reads_given
from amq.certify.protocols import Answer, Call, Turn
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from tests.real.agents import Agent, cache_directory
from tests.real.rig import Rig
from tests.real.terminal import Terminal, stays, wait_until
from tests.real.test_delivery_real import (
    BODY,
    MAIL,
    in_a_soak,
    is_filed,
    main_requests,
    send,
    shown,
    start,
    wait_for_body,
    wait_for_file,
    wait_until_filed,
    works_until,
)
from tests.real.user import LONG_ENOUGH, Run, User, agents, submit

pytestmark = pytest.mark.timeout(400)
REST = re.compile(r"more characters: amq (read --id \S+ --from \d+)")

HOOKS_OFF, MANAGED_HOOKS = "hooks off", "managed hooks only"
MANAGED_MODS, NO_FLAGS = "managed mods only", "no sideloading flags"
MANAGED = {
    ("claude", HOOKS_OFF): ("claude-code/managed-settings.json", '{"disableAllHooks": true}'),
    ("claude", MANAGED_HOOKS): ("claude-code/managed-settings.json", '{"allowManagedHooksOnly": true}'),
    ("claude", MANAGED_MODS): ("claude-code/managed-settings.json", '{"allowManagedModsOnly": true}'),
    ("claude", NO_FLAGS): ("claude-code/managed-settings.json", '{"disableSideloadFlags": true}'),
    ("codex", HOOKS_OFF): ("codex/managed_config.toml", "[features]\nhooks = false\n"),
    ("codex", MANAGED_HOOKS): ("codex/requirements.toml", "allow_managed_hooks_only = true\n"),
}
"""The settings of an organization, by program: a file in /etc, and what is in it."""
PROGRAM = """\
#!/bin/sh
exec unshare --mount sh -c 'mount --bind {etc} /etc && exec "$@"' sh {program} "$@"
"""


def put(rig: Rig, agent: Agent, bodies: Iterable[bytes]) -> None:
    """Send AGENT mail with BODIES, which may be any bytes, faster than commands would."""
    mailbox = Mailbox(str(rig.project / ".agent-mail"), "user")
    for body in bodies:
        mailbox.send([agent.program], body, Draft())


def begin_work(rig: Rig, terminal: Terminal, *, in_a_tool: bool) -> None:
    """Have the agent work until the file `go` is there."""
    go = rig.project / "go"
    rig.model.script = works_until(go, in_a_tool=in_a_tool)
    submit(terminal, "work")
    if in_a_tool:
        wait_for_file(f"{go}.begun", terminal)
    else:
        terminal.wait_for("It begins")


@in_a_soak
def test_of_a_thousand_messages_at_once_each_comes_once(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    terminal = start(run, agent)
    begin_work(rig, terminal, in_a_tool=True)
    bodies = [f"{BODY}{number:04}." for number in range(1000)]
    put(rig, agent, (body.encode() for body in bodies))
    (rig.project / "go").touch()
    wait_until(lambda: is_filed(user, agent), lambda: f"{user.history(agent)}\n{terminal.screen()}", timeout=300)
    last = main_requests(rig)[-1]
    assert [body for body in bodies if last.count(body) != 1] == []


@in_a_soak
def test_much_mail_at_the_end_of_a_turn_comes_whole(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    """A program may pass on less of what a hook says there than of what it says elsewhere."""
    terminal = start(run, agent)
    begin_work(rig, terminal, in_a_tool=False)
    bodies = [f"{BODY}{number}. {'x<&' * 1000} It ends {number}." for number in range(10)]
    put(rig, agent, (body.encode() for body in bodies))
    (rig.project / "go").touch()
    wait_until_filed(user, agent, terminal)
    last = html.unescape(main_requests(rig)[-1])
    assert [body[:23] for body in bodies if last.count(body) != 1] == []


@in_a_soak
def test_a_body_of_10_megabytes_is_shown_in_part_and_stays_unread_until_it_is_read(
    rig: Rig, agent: Agent, user: User, run: Run
) -> None:
    body = f"{MAIL} {'0123456789' * 999_990} The end."

    def script(turn: Turn) -> Answer:
        rest = REST.search(main_requests(rig)[-1]) if turn.text == "go on" and not turn.results else None
        return Call(f"amq {rest[1]}") if rest else reads_given(turn)

    rig.model.script = script
    terminal = start(run, agent)
    put(rig, agent, [body.encode()])
    wait_for_body(rig, terminal)
    terminal.wait_for("Read\\.")
    stays(lambda: not is_filed(user, agent), terminal.screen, LONG_ENOUGH)
    assert shown(rig) == 1
    submit(terminal, "go on")
    wait_until(lambda: any(turn.text == "go on" and turn.results for turn, _ in rig.model.turns), terminal.screen)
    (result,) = next(turn.results for turn, _ in rig.model.turns if turn.text == "go on" and turn.results)
    assert "0123456789" * 100 in result
    assert REST.search(result)
    assert is_filed(user, agent)
    (read,) = user.amq("list", me=agent.program)
    assert user.amq("read", "--id", read["id"], me=agent.program)["body"].rstrip("\n") == body


@in_a_soak
def test_a_body_that_is_not_utf_8_comes_with_marks_for_its_bytes(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = reads_given
    terminal = start(run, agent)
    put(rig, agent, [MAIL.encode() + b" \xff\xc3( \xed\xa0\x80 The end."])
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    (request,) = main_requests(rig)
    assert json.dumps(f"{MAIL} \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}( ")[1:-1] in request
    assert "The end." in request
    assert shown(rig) == 1


@pytest.mark.parametrize("policy", [HOOKS_OFF, MANAGED_HOOKS])
@in_a_soak
def test_where_an_organization_allows_no_hooks_of_the_users_the_agent_drains(
    rig: Rig, agent: Agent, user: User, run: Run, policy: str
) -> None:
    assert requests_of_a_mail(rig, agent, user, run, policy) == 2


@pytest.mark.parametrize("policy", [MANAGED_MODS, NO_FLAGS])
@agents(also=("claude", "claude-before", "claude-old"))
def test_where_an_organization_allows_no_plugins_of_the_users_the_agent_gets_the_body(
    rig: Rig, agent: Agent, user: User, run: Run, policy: str
) -> None:
    assert requests_of_a_mail(rig, agent, user, run, policy) == 1


def requests_of_a_mail(rig: Rig, agent: Agent, user: User, run: Run, policy: str) -> int:
    """Send AGENT mail where an organization has POLICY; return the requests until it is filed.

    The program runs with a copy of /etc that has such settings in it.
    """
    rig.model.script = reads_given
    etc, programs = rig.directory / "etc", rig.directory / "programs"
    shutil.copytree("/etc", etc, symlinks=True)
    name, settings = MANAGED[agent.program, policy]
    (etc / name).parent.mkdir(exist_ok=True)
    (etc / name).write_text(settings)
    programs.mkdir()
    (programs / agent.program).write_text(PROGRAM.format(etc=etc, program=agent.executable(cache_directory())))
    (programs / agent.program).chmod(0o700)
    terminal = start(run, agent, variables={"PATH": f"{programs}:{rig.home(agent)['PATH']}"})
    return requests_until_filed(rig, agent, user, terminal)


@pytest.mark.parametrize("how", ["settings", "--bare", "--safe-mode"])
@agents(also=("claude", "claude-before", "claude-old"))
def test_where_the_user_has_no_hooks_called_the_agent_drains(
    rig: Rig, agent: Agent, user: User, run: Run, how: str
) -> None:
    rig.model.script = reads_given
    directory = rig.project / ".claude"
    if how == "settings":
        directory.mkdir()
        (directory / "settings.json").write_text('{"disableAllHooks": true}')
    terminal = start(run, agent, arguments=() if how == "settings" else (how,))
    assert requests_until_filed(rig, agent, user, terminal) == 2


def requests_until_filed(rig: Rig, agent: Agent, user: User, terminal: Terminal) -> int:
    """Send AGENT mail; return how many requests there are when it has been filed. One of them shows it, once."""
    send(user, agent)
    wait_for_body(rig, terminal)
    wait_until_filed(user, agent, terminal)
    assert shown(rig) == 1
    return len(main_requests(rig))
