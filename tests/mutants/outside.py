"""Mutations of text passed to other programs: their languages, and panes of other users."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

QUOTING, PANE, CHANNEL = (
    "tests/test_quoting.py",
    "tests/runtime/test_tmux_pane.py",
    "tests/runtime/test_pane_channel.py",
)
COOP = "tests/setup/test_coop_panes.py"

INBOX, NOTIFY = "tests/runtime/test_inbox_watcher.py", "tests/cli/test_hook.py"
HOOKS = "tests/runtime/test_hooks.py"
SCREEN = "tests/runtime/test_gnu_screen.py"
KITTY = "tests/runtime/test_kitty.py"
ONE_LINE = "tests/cli/test_output.py"
CLIS = "tests/runtime/test_agents_registry.py"
SETTINGS = "tests/setup/test_hooks.py"
OWNERS = "tests/store/test_owners.py"

OUTSIDE = (
    Mutant("a user's empty settings are removed", "setup/hooks.py", "uninstalling", "change.is_needed", "True", SETTINGS),
    Mutant("settings behind a link are removed", "setup/hooks.py", "uninstalling", "os.path.islink(path)", "False", SETTINGS),
    Mutant("directories that root makes are root's", "setup/hooks.py", "write_file", "directories.make_above(path)", "os.makedirs(os.path.dirname(path), exist_ok=True)", OWNERS),
    Mutant("systemd puts variables in", "quoting.py", "systemd", "word.replace('$', '$$')", "word", QUOTING),
    Mutant("markup in a notice is read", "quoting.py", "notice_body", "text.replace(plain, escaped)", "text", QUOTING),
    Mutant("a notice may be an option", "runtime/desktop.py", "notice_command", "'--'", "'amq'", NOTIFY),
    Mutant(
        "a hook's command line has bytes",
        "runtime/hooks/script.py",
        "command_line",
        "quoting.shell(script)",
        "__import__('shlex').quote(script)",
        HOOKS,
    ),
    Mutant(
        "a hook announces what came after its decision",
        "runtime/hooks/handler.py",
        "Handler._announce",
        "self._notification(waiting)",
        "self._notification(self._mailbox.unread())",
        NOTIFY,
    ),
    Mutant(
        "a sub-agent is notified of mail",
        "runtime/hooks/event.py",
        "parse_event",
        "name not in (*TO_MODEL, *RECEIPTS) or fields.get('agent_id')",
        "name not in (*TO_MODEL, *RECEIPTS)",
        NOTIFY,
    ),
    Mutant(
        "a bad message does not count as old",
        "runtime/policy/hook_decision.py",
        "_is_due",
        "message.created_ns <= overdue_ns",
        "0 < message.created_ns <= overdue_ns",
        "tests/runtime/test_hook_decision.py",
    ),
    Mutant(
        "a path that is not UTF-8 stops all waking",
        "runtime/inbox_watcher.py",
        "EventWatch._begin",
        "(OSError, RuntimeError, UnicodeEncodeError)",
        "(OSError, RuntimeError)",
        INBOX,
    ),
    Mutant("a path acts on a terminal", "cli/output.py", "Output.line", "visible(text)", "text", ONE_LINE),
    Mutant(
        "a linked worktree's pointer loses bytes",
        "git_repository.py",
        "_text",
        "os.fsdecode(read_regular(path, most))",
        "read_regular(path, most).decode('utf-8', 'replace')",
        "tests/test_config.py",
    ),
    Mutant(
        "a final semicolon ends a command of tmux",
        "quoting.py",
        "tmux",
        "word.endswith(';')",
        "False",
        f"{QUOTING} {COOP}",
    ),
    Mutant("a shell drops final line ends", "quoting.py", "shell", "kept != word", "False", QUOTING),
    Mutant("zsh looks for a program", "quoting.py", "shell", "kept.startswith('=')", "False", QUOTING),
    Mutant("fish reads a backslash", "quoting.py", "shell", "re.fullmatch(_PLAIN, kept)", "True", QUOTING),
    Mutant("a word for a shell is not printable", "quoting.py", "shell", "kept.isprintable()", "True", QUOTING),
    Mutant("TOML gets bytes that are not Unicode", "quoting.py", "toml", "text.encode()", "None", QUOTING),
    Mutant("PATH gets a colon", "quoting.py", "search_path", "os.pathsep in directory", "False", QUOTING),
    Mutant(
        "PATH gets a relative directory", "quoting.py", "search_path", "not os.path.isabs(directory)", "False", QUOTING
    ),
    Mutant("tmux chooses the directory", "setup/coop_panes.py", "_in", "cwd", "'.'", COOP),
    Mutant(
        "a pane in no state to type into is seen",
        "runtime/channels/panes/tmux.py",
        "TmuxPane.picture",
        "b' '.join(state).decode() != self._at_rest",
        "False",
        PANE,
    ),
    Mutant(
        "a locked client is not heeded",
        "runtime/channels/panes/tmux.py",
        "_is_elsewhere",
        "b'suspended' in flags.split(b',')",
        "False",
        PANE,
    ),
    Mutant(
        "tmux's prefix is not heeded",
        "runtime/channels/panes/tmux.py",
        "_is_elsewhere",
        "prefix != b'0'",
        "False",
        PANE,
    ),
    Mutant(
        "a client elsewhere is heeded",
        "runtime/channels/panes/tmux.py",
        "_is_elsewhere",
        "shown == window",
        "True",
        PANE,
    ),
    Mutant(
        "tmux types whatever the pane's state is",
        "runtime/channels/panes/tmux.py",
        "TmuxPane._type",
        "['if-shell', '-F', '-t', self._pane, at_rest, done, otherwise]",
        "['if-shell', '-F', '1', done, otherwise]",
        PANE,
    ),
    Mutant(
        "what tmux did not type was typed",
        "runtime/channels/panes/tmux.py",
        "TmuxPane._type",
        "_TYPED in answer.splitlines()",
        "True",
        PANE,
    ),
    Mutant(
        "any name is a pane",
        "runtime/channels/panes/tmux.py",
        "why_not",
        "_ID.fullmatch(environment.get('TMUX_PANE', ''))",
        "True",
        PANE,
    ),
    Mutant(
        "what a pane did not take was typed",
        "runtime/channels/pane.py",
        "PaneChannel._step",
        "isinstance(action, Write) and not self._write(action, look)",
        "isinstance(action, Write) and self._write(action, look) and False",
        CHANNEL,
    ),
    Mutant(
        "keys for GNU screen are those of its mode",
        "runtime/channels/gnu_screen.py",
        "",
        "('exec', '.!.')",
        "('stuff',)",
        SCREEN,
    ),
    Mutant(
        "screen reads a sign",
        "quoting.py",
        "_stuffed",
        "byte < 0x80 and (character.isalnum() or character in ' .,:;/_+-')",
        "byte > 32",
        QUOTING,
    ),
    Mutant(
        "any word is a window of screen",
        "runtime/channels/gnu_screen.py",
        "why_not",
        "environment.get('WINDOW', '').isdecimal()",
        "True",
        SCREEN,
    ),
    Mutant(
        "any word is a session of screen",
        "runtime/channels/gnu_screen.py",
        "why_not",
        "_SESSION.fullmatch(environment.get('STY', ''))",
        "True",
        SCREEN,
    ),
    Mutant(
        "what kitty's user looks back at is what its program shows",
        "runtime/channels/panes/kitty.py",
        "KittyWindow.picture",
        "'--extent=all'",
        "'--extent=screen'",
        KITTY,
    ),
    Mutant(
        "any word is a window of kitty",
        "runtime/channels/panes/kitty.py",
        "why_not",
        "environment.get('KITTY_WINDOW_ID', '').isdecimal()",
        "environment.get('KITTY_WINDOW_ID')",
        KITTY,
    ),
    Mutant("a CLI that has a folder is in no list", "runtime/agents/registry.py", "",
           "('claude', 'codex', 'copilot', 'gemini', 'opencode', 'pi', 'qwen')",
           "('claude', 'codex', 'copilot', 'gemini', 'opencode', 'pi')", CLIS),
    Mutant("a CLI with hooks may not call them", "runtime/agents/registry.py", "",
           "WITH_HOOKS = ('claude', 'codex')", "WITH_HOOKS = ('claude',)", CLIS),
    Mutant("a variable names a project's directory", "runtime/agents/setup_facts.py", "ConfigDirectory.find",
           "os.path.join(project, self.path)", "environment.get(self.variable) or os.path.join(project, self.path)", CLIS),
    Mutant("no variable names a user's directory", "runtime/agents/setup_facts.py", "ConfigDirectory.find",
           "environment.get(self.variable) or os.path.join(home, self.path)", "os.path.join(home, self.path)", CLIS),
    Mutant("a channel cannot be asked for", "cli/commands/wake.py", "",
           "('auto', 'tmux', 'kitty', 'screen', 'tiocsti', 'command', 'notice', 'native')",
           "('auto', 'tmux', 'screen', 'tiocsti', 'command', 'notice', 'native')", "tests/cli/test_wake.py"),
)  # fmt: skip
