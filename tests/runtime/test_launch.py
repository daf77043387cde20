"""Arguments and variables with which a program is started besides the user's own."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import cast

import pytest

from amq.layout import QueueLayout
from amq.mail.mailbox import Mailbox
from amq.record import replace
from amq.runtime.agents.profile import ApiServer, NativeWay, Profile
from amq.runtime.agents.profiles import profile_for
from amq.runtime.at_start import AtStart
from amq.runtime.certified import Certified
from amq.runtime.consent import Allowed
from amq.runtime.launch import Launch, Options, behind, plan, prepare, reaches_shells, without_plugin
from amq.runtime.path_shim import with_command
from amq.runtime.policy.certification import Limits
from amq.runtime.private_state import PrivateState
from amq.store import registry

QUEUE = QueueLayout("/q")
STATE = "/s/amq/r/0a"
FILES = PrivateState(STATE)
QUEUE_KEY = ["-c", 'tui.keymap.composer.queue=["tab","f21"]']
PATH = ["-c", f'shell_environment_policy.set.PATH="{STATE}/bin:/bin"']
NO_HOOKS = Options(hooks=False)


def planned(*program: str, options: Options = NO_HOOKS, files: PrivateState = FILES, **environment: str) -> Launch:
    given = {"PATH": "/bin", "HOME": "/h", **environment}
    return plan(profile_for(program[0]), program, given, QUEUE, "me", options, files)


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        (["claude", "--continue"], ["claude", "--continue"]),
        (["/opt/bin/codex", "-m", "x"], ["/opt/bin/codex", "--no-daemon", *QUEUE_KEY, *PATH, "-m", "x"]),
        (
            ["codex", "-c", 'tui.keymap.composer.queue=["f20"]', "--no-daemon"],
            ["codex", *PATH, "-c", 'tui.keymap.composer.queue=["f20"]', "--no-daemon"],
        ),
        (
            ["codex", "-c", "shell_environment_policy.set.AM_ME='x'"],
            ["codex", *QUEUE_KEY, "-c", "shell_environment_policy.set.AM_ME='x'"],
        ),
        (
            ["codex", "-c", "allow_login_shell=false"],
            ["codex", "--no-daemon", *QUEUE_KEY, "-c", "allow_login_shell=false"],
        ),
        (["bash"], ["bash"]),
    ],
)
def test_a_profile_adds_arguments_and_the_users_own_win(program: list[str], arguments: list[str]) -> None:
    assert planned(*program).program == arguments


@pytest.mark.parametrize("setting", ["allow_login_shell = true", "[shell_environment_policy]\ninherit = 'core'"])
def test_the_users_own_settings_win_too(tmp_path: Path, setting: str) -> None:
    (tmp_path / "config.toml").write_text(setting)
    launch = planned("codex", CODEX_HOME=str(tmp_path))
    assert launch.program == ["codex", "--no-daemon", *QUEUE_KEY]
    assert not launch.finds_amq
    assert planned("codex").finds_amq


@pytest.mark.parametrize(
    ("program", "finds"),
    [
        ("bash", True),
        ("bash --norc -i", True),
        ("/usr/bin/zsh -f", True),
        ("bash -l", False),
        ("zsh -il", False),
        ("fish --login", False),
        ("sh -c aider", False),
        ("bash agent.sh", False),
        ("fish --command=aider", False),
        ("aider", False),
        ("copilot", True),
        ("gemini", True),
        ("opencode", True),
        ("pi", True),
        ("qwen", True),
    ],
)
def test_a_shell_that_keeps_its_path_finds_amq(program: str, finds: bool) -> None:
    """Another program started there may be an agent that uses login shells."""
    assert planned(*program.split()).finds_amq is finds
    assert not planned(*program.split(), files=PrivateState("")).finds_amq


def test_the_agent_knows_its_queue_and_finds_amq() -> None:
    inside = planned("claude", AM_ME="other", X="y").environment
    assert inside == {
        "PATH": f"{STATE}/bin:/bin", "HOME": "/h", "X": "y", "AM_ROOT": "/q", "AM_ME": "me", "AMQ_MAX_CHARS": "29000b",
        "AMQ_RUN": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("program", "environment", "budget"),
    [
        ("claude", {}, "29000b"),
        ("codex", {}, "9000b"),
        ("vi", {}, None),
        ("claude", {"BASH_MAX_OUTPUT_LENGTH": "8000"}, "7000b"),
        ("claude", {"BASH_MAX_OUTPUT_LENGTH": "900"}, "450b"),
        ("claude", {"BASH_MAX_OUTPUT_LENGTH": "150000"}, "29000b"),
        ("claude", {"BASH_MAX_OUTPUT_LENGTH": "0"}, "29000b"),
        ("claude", {"BASH_MAX_OUTPUT_LENGTH": "much"}, "29000b"),
        ("codex", {"BASH_MAX_OUTPUT_LENGTH": "8000"}, "9000b"),
        ("codex", {"AMQ_MAX_CHARS": "5000"}, "5000"),
        ("claude", {"AMQ_MAX_CHARS": "0"}, "0"),
        ("codex", {"AMQ_MAX_CHARS": "29000b"}, "9000b"),  # that of the agent which starts it
        ("claude", {"AMQ_MAX_CHARS": "9000b"}, "29000b"),
        ("vi", {"AMQ_MAX_CHARS": "29000b"}, ""),
    ],
)
def test_an_agent_is_shown_as_much_as_its_tool_hands_on(
    program: str, environment: dict[str, str], budget: str | None
) -> None:
    launch = planned(program, options=NO_HOOKS, files=FILES, **environment)
    assert launch.environment.get("AMQ_MAX_CHARS") == budget


def test_the_users_variable_wins() -> None:
    profile = Profile("x", environment=(("A", "ours"), ("B", "ours")))
    inside = plan(profile, ["x"], {"A": "own"}, QUEUE, "me", NO_HOOKS, FILES).environment
    assert (inside["A"], inside["B"]) == ("own", "ours")


@pytest.mark.parametrize(
    ("program", "options", "how"),
    [
        ("claude", Options(), "on"),
        ("claude", Options(hooks=False), "off"),
        ("claude", Options(wake=False), "off"),
        ("codex", Options(), "off: codex would ask you"),
        ("codex", Options(hooks=True), "on"),
        ("bash", Options(hooks=True), "none: amq knows no way to give generic hooks"),
    ],
)
def test_who_gets_hooks(program: str, options: Options, how: str) -> None:
    launch = planned(program, options=options)
    assert launch.hooks.startswith(how)
    assert launch.has_hooks is (how == "on")
    assert ("AMQ_HOOKED" in launch.environment) is launch.has_hooks  # those in its own settings are silent then
    assert (f"{STATE}/hook" in " ".join(launch.program) + launch.settings) is launch.has_hooks


def test_hooks_that_codex_would_ask_about_need_consent_or_the_option() -> None:
    def how(start: AtStart, **chosen: bool | None) -> Launch:
        options = Options(allowed=Allowed(True, "--allow-amq"), **chosen)  # type: ignore[arg-type]
        return plan(profile_for("codex"), ["codex"], {"HOME": "/h"}, QUEUE, "me", options, FILES, start=start)

    vouched = how(AtStart(vetting=("-c", "hooks.state={}")))
    assert vouched.has_hooks
    assert vouched.program[-2:] == ["-c", "hooks.state={}"]
    assert vouched.hooks == "on: amq vouches for exactly these, for this run (--allow-amq)"
    refused = how(AtStart(not_vetted="it has ended"))
    assert not refused.has_hooks
    assert "cannot vouch for them: it has ended; to add them anyway: --hooks" in refused.hooks
    assert how(AtStart(not_vetted="it has ended"), hooks=True).hooks == "on"
    assert how(AtStart(vetting=("-c", "hooks.state={}")), hooks=False).hooks == "off"


@pytest.mark.parametrize(("hooks", "times"), [(True, 0), (False, 1)])
def test_codex_is_introduced_by_its_hooks_or_else_by_its_arguments(tmp_path: Path, hooks: bool, times: int) -> None:
    start, options = AtStart(cwd=str(tmp_path), introduction="You are `me`."), Options(hooks=hooks)
    given = {"HOME": str(tmp_path)}
    launch = plan(profile_for("codex"), ["codex", "-m", "x"], given, QUEUE, "me", options, FILES, start=start)
    assert launch.program.count('developer_instructions="You are `me`."') == times
    assert launch.program[-2:] == ["-m", "x"]
    assert [lack.partition(",")[0] for lack in launch.lacks] == ["write access to the queue"]
    hidden = plan(behind(profile_for("codex"), ["npx"]), ["npx"], given, QUEUE, "me", options, FILES, start=start)
    assert (hidden.program, hidden.lacks) == (["npx"], ())


@pytest.mark.parametrize(
    ("words", "introduction", "added"),
    [
        (["-y"], "You are `me`.", ["--append-system-prompt", "You are `me`."]),
        (["-y"], "", []),
        (["--append-system-prompt=x"], "You are `me`.", []),
        (["mcp", "list"], "You are `me`.", []),
    ],
)
def test_qwen_code_is_introduced_unless_the_user_adds_to_its_prompt(
    words: list[str], introduction: str, added: list[str]
) -> None:
    start = AtStart(introduction=introduction)
    launch = plan(profile_for("qwen"), ["qwen", *words], {"HOME": "/h"}, QUEUE, "me", Options(), FILES, start=start)
    assert launch.program == ["qwen", *added, *words]


def test_opencode_is_introduced_by_a_file_unless_the_user_sets_the_variable(tmp_path: Path) -> None:
    def inside(introduction: str = "You are `me`.", **environment: str) -> tuple[str, str]:
        start, files = AtStart(introduction=introduction), PrivateState(str(tmp_path))
        given = {"HOME": "/h", **environment}
        launch = plan(profile_for("opencode"), ["opencode"], given, QUEUE, "me", Options(), files, start=start)
        return launch.environment.get("OPENCODE_CONFIG_CONTENT", ""), launch.introduction

    value, text = inside()
    assert json.loads(value) == {"instructions": [f"{tmp_path}/introduction.md"]}
    assert text == "You are `me`."
    own = '{"instructions": ["my.md"]}'
    assert inside(OPENCODE_CONFIG_CONTENT=own) == (own, "")
    around = '{"instructions": ["/another/introduction.md"]}'  # an agent's that starts it
    assert inside(OPENCODE_CONFIG_CONTENT=around) == (value, text)
    assert inside("", OPENCODE_CONFIG_CONTENT=around) == ("", "")


def test_a_cli_is_started_with_the_server_that_takes_notifications_and_its_password_is_not_shown() -> None:
    server = ApiServer(7, "opencode", "secret", ("--port", "7"), (("OPENCODE_SERVER_PASSWORD", "secret"),))
    for profile, command in ((profile_for("opencode"), "opencode"), (profile_for("opencode"), "npx")):
        profile = behind(profile, [command])
        start = AtStart(server=server if profile.native is NativeWay.OPENCODE_SERVER else None)
        launch = plan(profile, [command, "-c"], {"HOME": "/h"}, QUEUE, "me", Options(native=True), FILES, start=start)
        is_served = command == "opencode"
        assert launch.program == [command, *(server.arguments if is_served else ()), "-c"]
        assert launch.environment.get("OPENCODE_SERVER_PASSWORD") == ("secret" if is_served else None)
        assert launch.server is (server if is_served else None)
        shown = str(launch.added)
        assert "secret" not in shown
        assert ("OPENCODE_SERVER_PASSWORD=…" in shown) is is_served


def test_the_file_with_the_introduction_is_written(tmp_path: Path) -> None:
    queue, files = QueueLayout(str(tmp_path / "queue")), tmp_path / "files"
    files.mkdir()
    registry.make_queue(queue, tracked=False)
    registry.make_mailbox(queue, "me")
    start, state = AtStart(introduction="You are `me`."), PrivateState(str(files))
    launch = plan(profile_for("opencode"), ["opencode"], {}, queue, "me", Options(), state, start=start)
    prepare(launch, Mailbox(queue.root, "me"), Options())
    assert (files / "introduction.md").read_text() == "You are `me`.\n"


def test_the_hooks_refuse_edits_if_the_user_wants_it(tmp_path: Path) -> None:
    queue = QueueLayout(str(tmp_path / "queue"))
    registry.make_queue(queue, tracked=False)
    registry.make_mailbox(queue, "me")
    for denies in (False, True):
        files, options = tmp_path / f"{denies}", Options(denies_leased=denies)
        files.mkdir()
        launch = plan(profile_for("claude"), ["claude"], {}, queue, "me", options, PrivateState(str(files)))
        prepare(launch, Mailbox(queue.root, "me"), options)
        assert (launch.lacks, "--deny-leased" in (files / "hook").read_text()) == ((), denies)
    without = Options(denies_leased=True, hooks=False)
    assert planned("claude", options=without).lacks == ("refusals of edits (--deny-leased): its hooks are off",)


def test_claudes_settings_file_comes_before_the_users_arguments() -> None:
    launch = planned("claude", "--settings", '{"model": "opus"}', "-c", options=Options())
    assert launch.program == ["claude", "--settings", f"{STATE}/settings.json", "-c"]
    assert json.loads(launch.settings)["model"] == "opus"


def test_settings_that_cannot_be_read_are_left_to_the_program() -> None:
    launch = planned("claude", "--settings", "/nowhere", options=Options())
    assert launch.program == ["claude", "--settings", "/nowhere"]
    assert launch.hooks.startswith("none: your --settings cannot be read")


def test_files_are_written_where_hooks_are_on_and_are_private(tmp_path: Path) -> None:
    queue = QueueLayout(str(tmp_path))
    registry.make_queue(queue, tracked=False)
    registry.make_mailbox(queue, "me")
    mailbox, profile = Mailbox(str(tmp_path), "me"), profile_for("claude")
    files = {"bin", "hook", "hook.pipe", "settings.json"}
    for number, (options, names) in enumerate(((NO_HOOKS, {"bin"}), (Options(), files))):
        state = tmp_path / f"run-{number}"
        state.mkdir()
        launch = plan(profile, ["claude"], {}, queue, "me", options, PrivateState(str(state)))
        prepare(launch, mailbox, options)
        assert {path.name for path in state.iterdir()} == names
    assert stat.S_IMODE((state / "settings.json").stat().st_mode) == 0o600
    assert "--normal-after 120 " in (state / "hook").read_text()
    assert f" {state}/bin/amq hook claude " in (state / "hook").read_text()


def with_plugin(tmp_path: Path, *, allowed: bool = False) -> Launch:
    """Prepare a start of Claude Code with the plugin in a queue below TMP_PATH."""
    queue = QueueLayout(str(tmp_path / "q"))
    registry.make_queue(queue, tracked=False)
    registry.make_mailbox(queue, "me")
    (tmp_path / "run").mkdir()
    files, options = PrivateState(str(tmp_path / "run")), Options(allowed=Allowed(allowed, "you said so"))
    start = AtStart(has_plugin=True, certified=Certified("2.1.332"))
    launch = plan(profile_for("claude"), ["claude", "-c"], {"PATH": "/bin"}, queue, "me", options, files, start=start)
    prepare(launch, Mailbox(queue.root, "me"), options)
    return launch


@pytest.mark.parametrize("allowed", [True, False])
def test_the_plugin_has_tools_where_amq_is_allowed(tmp_path: Path, allowed: bool) -> None:
    launch = with_plugin(tmp_path, allowed=allowed)
    folder = launch.program[launch.program.index("--plugin-dir") + 1]
    run = json.loads(Path(folder, "run.json").read_text())
    assert (launch.has_plugin, launch.no_plugin, launch.program[-1]) == (True, "", "-c")
    assert (run["tools"] is not None) == launch.is_allowed == allowed
    if allowed:
        assert run["tools"]["environment"] == {"AM_ROOT": f"{tmp_path}/q", "AM_ME": "me"}


def failed(found: Limits) -> AtStart:
    return AtStart(certified=Certified("2.1.400", found, is_judged=True))


@pytest.mark.parametrize("program", ["claude", "codex"])
def test_a_version_whose_hooks_failed_gets_none_unless_the_user_wants_them(program: str, tmp_path: Path) -> None:
    def start(hooks: bool | None) -> Launch:
        options, files = Options(hooks=hooks), PrivateState(str(tmp_path))
        found = replace(failed(Limits(channels="body: nothing came")), vetting=("-c", "hooks.state={}"))
        return plan(profile_for(program), [program], {"PATH": "/bin"}, QUEUE, "me", options, files, start=found)

    reason = "amq certify has found a failure: body: nothing came"
    assert (start(None).has_hooks, start(None).hooks) == (False, f"off: {reason}; to add them anyway: --hooks")
    assert start(None).lacks == (f"hooks and a plugin: {reason}",)
    assert (start(True).has_hooks, start(True).lacks) == (True, ())


def test_a_version_that_failed_is_not_typed_into_as_others_are(tmp_path: Path) -> None:
    def start(found: AtStart) -> Launch:
        files = PrivateState(str(tmp_path))
        return plan(profile_for("claude"), ["claude"], {"PATH": "/bin"}, QUEUE, "me", Options(), files, start=found)

    reason = "amq certify has found a failure"
    off, busy = start(failed(Limits(typing="dialog: answered"))), start(failed(Limits(busy="tool: ended")))
    assert (off.profile.rules.off, off.lacks) == ("dialog: answered", (f"typed lines: {reason}: dialog: answered",))
    assert busy.profile.rules.only_idle
    assert busy.lacks == (f"lines typed while it works: {reason}: tool: ended",)
    another = start(AtStart(certified=Certified("2.1.400", Limits(is_certain=False))))
    assert (another.profile.rules.must_agree, another.profile.rules.fallback_submit_key, another.lacks) == (
        True,
        b"",
        (),
    )
    assert start(AtStart()).profile == profile_for("claude")


def test_it_is_started_again_as_it_was_but_without_the_plugin(tmp_path: Path) -> None:
    launch = with_plugin(tmp_path)
    again = without_plugin(launch, "it may not")
    assert [*again.program[:-1], *launch.program[-3:]] == launch.program
    assert (again.has_plugin, again.no_plugin) == (False, "it may not")
    assert len(again.added) == len(launch.added) - 1
    assert not any("plugin" in what for what, _ in again.added)


def test_without_a_private_directory_there_is_no_plugin() -> None:
    launch = plan(
        profile_for("claude"), ["claude"], {"PATH": "/bin"}, QUEUE, "me", Options(), PrivateState("", "it is full"),
        start=AtStart(has_plugin=True),
    )  # fmt: skip
    assert (launch.has_plugin, launch.no_plugin) == (False, "amq has no private directory for it (it is full)")
    assert "--plugin-dir" not in launch.program


def test_without_a_private_directory_nothing_is_put_anywhere() -> None:
    launch = planned("claude", "--settings", "{}", options=Options(), files=PrivateState("", "it is full"))
    assert launch.program == ["claude", "--settings", "{}"]
    assert launch.environment["PATH"] == "/bin"
    assert not launch.finds_amq
    assert launch.hooks == "none: amq has no private directory for them (it is full)"
    prepare(launch, cast("Mailbox", None), Options())


def test_a_directory_that_no_path_can_hold_is_not_put_on_it() -> None:
    assert with_command({"PATH": "/bin"}, "/a/bin/amq")["PATH"] == "/a/bin:/bin"
    assert with_command({"PATH": "/bin"}, "/co:lon/bin/amq")["PATH"] == "/bin"


def test_nothing_is_added_to_the_words_of_a_program_that_a_cli_is_behind() -> None:
    """`npx --settings …` would be an option of npx, and in a container the files are not there."""
    for name in ("claude", "codex"):
        profile = behind(profile_for(name), ["npx", name])
        launch = plan(profile, ["npx", name], {"PATH": "/bin", "HOME": "/h"}, QUEUE, "me", Options(hooks=True), FILES)
        assert launch.program == ["npx", name]
        assert (launch.has_hooks, launch.finds_amq, profile.native) == (False, False, NativeWay.NONE)
        assert profile.rules.prompt_row == profile_for(name).rules.prompt_row
    assert profile.rules.submit == b"\t", "Codex does not know F21"
    assert behind(profile_for("claude"), ["/opt/bin/claude"]) is profile_for("claude")
    assert behind(profile_for("bash"), ["bash"]) is profile_for("bash")


@pytest.mark.parametrize("program", ["claude", "codex", "bash"])
def test_a_session_of_its_own_knows_nothing_of_the_one_around_it(program: str) -> None:
    outer = {
        "CLAUDECODE": "1",
        "CLAUDE_CODE_SESSION_ID": "outer",
        "CLAUDE_CODE_SSE_PORT": "1234",
        "CODEX_THREAD_ID": "outer",
        "CODEX_SESSION_ID": "outer",
        "AMQ_HOOKED": "1",
    }
    given = {"PATH": "/bin", "HOME": "/h", "AM_ME": "outer", "EDITOR": "ed", **outer}
    launch = plan(profile_for(program), [program], given, QUEUE, "me", NO_HOOKS, FILES)
    assert outer.keys().isdisjoint(launch.environment)
    assert (launch.environment["AM_ME"], launch.environment["EDITOR"]) == ("me", "ed")
    assert {f"without {name}" for name in outer} <= {what for what, _ in launch.added}


def test_what_an_editor_sets_for_an_agent_is_handed_on() -> None:
    launch = planned("claude", CLAUDE_CODE_SSE_PORT="1234", CLAUDE_CODE_ENTRYPOINT="vscode")
    assert launch.environment["CLAUDE_CODE_SSE_PORT"] == "1234"
    assert not [what for what, _ in launch.added if what.startswith("without ")]


def test_hooks_of_its_own_are_known_in_an_agents_shell() -> None:
    assert planned("claude", options=Options(hooks=True), AMQ_HOOKED="1").environment["AMQ_HOOKED"] == "1"


def test_the_terminal_s_name_is_explained_where_it_is_handed_on() -> None:
    assert "GPG_TTY" in [what for what, _ in planned("bash", GPG_TTY="/dev/pts/7").added]
    assert "GPG_TTY" not in [what for what, _ in planned("bash").added]


@pytest.mark.parametrize(
    ("profile", "program", "reaches"),
    [
        ("claude", "claude --continue", True),
        ("codex", "/opt/bin/codex -m x", True),
        ("codex", "codex -c shell_environment_policy.inherit=core", False),
        ("codex", "npx codex", False),
        ("bash", "bash", True),
        ("aider", "./agent.sh", True),
        ("aider", "docker run -it agent", False),
        ("aider", "sudo -u agent aider", False),
    ],
)
def test_a_container_s_shells_may_not_know_what_the_program_is_given(profile: str, program: str, reaches: bool) -> None:
    assert reaches_shells(profile_for(profile), program.split(), {"HOME": "/h"}) is reaches


def test_nor_may_those_whose_environment_the_user_s_settings_choose(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[shell_environment_policy]\ninclude_only = ['AM_ME', 'PATH']")
    assert not reaches_shells(profile_for("codex"), ["codex"], {"CODEX_HOME": str(tmp_path)})
    assert reaches_shells(profile_for("claude"), ["claude"], {"CODEX_HOME": str(tmp_path)})
