"""Mutations of what Codex is given at its start: trusted hooks, a directory, instructions."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

VETTING, SETTINGS, WORDS = (f"runtime/agents/codex/{name}.py" for name in ("hook_vetting", "user_settings", "words"))
HOOKS_TESTS, START_TESTS = "tests/runtime/test_codex_hooks.py", "tests/runtime/test_codex_start.py"
LAUNCH_TESTS, FOUND_TESTS = "tests/runtime/test_launch.py", "tests/runtime/test_at_start.py"

CODEX = (
    *(
        Mutant(name, VETTING, where, old, new, HOOKS_TESTS)
        for name, where, old, new in (
            ("another command is vouched for", "_listed", "enabled != sorted(expected)", "False"),
            ("a hook besides is vouched for", "_listed", "len(ours) != len(expected)", "False"),
            ("a hook that is switched off counts", "_listed", "each['enabled'] is True", "True"),
            ("the user's hooks are amq's", "_listed", "each['source'] == 'sessionFlags'", "True"),
            ("any key is vouched for", "_vetted", "_KEY.fullmatch(key)", "True"),
            ("any hash is vouched for", "_vetted", "_HASH.fullmatch(value)", "True"),
            ("Codex's trust is not checked", "vetting_arguments", "each['trustStatus'] != 'trusted'", "False"),
            ("the user's arguments about hooks lose", "vetting_arguments", "Words(own).concern_hooks()", "False"),
            ("any program is asked", "vetting_arguments", "os.path.basename(program) != 'codex'", "False"),
            ("a program of the working directory is asked", "vetting_arguments", "not os.path.isabs(program)", "False"),
            ("an answer is kept for ever", "_kept", "wire['about'] == about", "True"),
            ("a starter of another version is Codex", "_identity", "read_regular(real, 2) != b'#!'", "True"),
            ("other settings have another answer", "_identity", "_state_of(settings) if os.path.exists(settings) else []",
             "[]"),
        )
    ),
    *(
        Mutant(name, file, where, old, new, START_TESTS)
        for name, file, where, old, new in (
            ("another file's mode is ignored", SETTINGS, "UserSettings.sandbox",
             "self._check_others(('sandbox', 'permissions'))", "None"),
            ("another file's instructions are replaced", SETTINGS, "UserSettings.developer_instructions",
             "self._check_others((key,))", "None"),
            ("permissions of the user's are ignored", SETTINGS, "UserSettings.sandbox",
             "any(key.partition('.')[0] in ('default_permissions', 'permissions') for key in settings)", "False"),
            ("any directory is known", SETTINGS, "UserSettings.sandbox",
             "not mode and not self._is_directory_known(settings)", "False"),
            ("a mode of another name can be written in", SETTINGS, "UserSettings.sandbox",
             "(mode or WORKSPACE_WRITE) not in (READ_ONLY, WORKSPACE_WRITE, ANY)", "False"),
            ("a project's name is its trust", SETTINGS, "UserSettings._is_directory_known",
             "projects[place].get('trust_level') in ('trusted', 'untrusted')", "True"),
            ("a link to the queue is elsewhere", SETTINGS, "UserSettings.__init__",
             "os.path.realpath(os.path.join(cwd, words.last('--cd')))", "os.path.join(cwd, words.last('--cd'))"),
            ("instructions that are not a text are replaced", SETTINGS, "UserSettings.developer_instructions",
             "not isinstance(found, str)", "False"),
            ("a file that cannot be read says nothing", SETTINGS, "UserSettings._check_others",
             "raise NotKnownError(f'{path} cannot be read') from error", "continue"),
            ("a missing profile says nothing", SETTINGS, "_parsed", "may_be_missing", "True"),
            ("a sub-command is a session", "runtime/agents/codex/start.py", "adapted", "not words.starts_session()",
             "False"),
            ("a directory is added where Codex may only read", "runtime/agents/codex/start.py", "_access",
             "mode == READ_ONLY", "False"),
            ("any mode gets a directory", "runtime/agents/codex/start.py", "_access", "mode != WORKSPACE_WRITE",
             "False"),
            ("a text that no argument holds is one", "runtime/agents/codex/start.py", "_introduced",
             "len(value.encode()) > _LONGEST_BYTES", "False"),
            ("a prompt is an option", WORDS, "Words.__init__", "self._words[at] != '--'", "True"),
        )
    ),
    Mutant("Codex is asked in the project", VETTING, "_answer", "_NOWHERE", "None", HOOKS_TESTS, times=2),
    Mutant("hooks and arguments introduce an agent", "runtime/launch.py", "plan", "'' if hooked else start.introduction",
           "start.introduction", LAUNCH_TESTS),
    Mutant("an empty introduction is given", "runtime/agents/profile.py", "Profile.added",
           "introduction or INTRODUCTION not in each.arguments", "True", LAUNCH_TESTS),
    Mutant("the user's own settings by a variable are replaced", "runtime/launch.py", "_instructions",
           "profile.instructions in environment", "False", LAUNCH_TESTS),
    Mutant("an agent is introduced as the one around it", "runtime/launch.py", "plan", "not _is_of_amq(value)", "True",
           LAUNCH_TESTS),
    Mutant("a CLI behind another program is adapted", "runtime/launch.py", "behind", "Adaptation.NONE",
           "profile.adaptation", LAUNCH_TESTS),
    *(
        Mutant(name, "runtime/at_start.py", where, old, new, FOUND_TESTS)
        for name, where, old, new in (
            ("hooks are vouched for without consent", "at_start", "options.allowed", "True"),
            ("hooks that the user forbids are vouched for", "at_start", "options.hooks is not False", "True"),
            ("a model hears of a queue that is not trusted", "_introduction",
             "is_there(trust.root) and trust.why_not()", "False"),
            ("a model hears of a queue that cannot be seen", "_introduction", "OSError", "ZeroDivisionError"),
            ("an agent that is not notified is introduced", "_introduction", "options.wake", "True"),
        )
    ),
)  # fmt: skip
