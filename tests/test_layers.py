"""The layer rule: which part of amq may import which, and where the dangerous calls may be.

    cli -> runtime -> policy -> pty
     |        |
     +-> mail -> store -> values

The rule is read from the sources, so it also holds for code that no test runs.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import amq
from amq.runtime import agents
from amq.runtime.agents import registry

PACKAGE = Path(amq.__file__).parent

ROOMS = {
    "amq": "library",
    **{f"amq.{name}": "entry" for name in ("__main__", "entry")},
    **{f"amq.{name}": "values" for name in ("errors", "instants", "jsontext", "layout", "message", "names")},
    **{f"amq.{name}": "values" for name in ("lookalike_lines", "output_budget", "quoting", "text")},
    **{f"amq.{name}": name for name in ("procfs", "record")},
    "amq.git_repository": "config",
    "amq.runtime.policy": "policy",
    **{f"amq.bridge.{name}": "ledger" for name in ("exchange", "ledger", "names", "wire")},
    **{
        f"amq.{name}": name
        for name in ("bridge", "certify", "cli", "config", "demo", "mail", "pty", "runtime", "schema", "setup", "store")
    },
    "amq.dashboard": "dashboard",
    "amq.top": "top",
    "amq.page": "page",
}
"""The room of a module is that of its longest prefix here."""

MAILBOX_SIDE = {"library", "values", "config", "store", "mail", "cli"}

MAY_IMPORT: dict[str, set[str]] = {
    "library": {"values", "store", "mail"},
    "procfs": set(),
    "record": set(),
    "values": set(),
    "schema": {"values"},
    "config": {"values", "procfs"},
    "store": {"values"},
    "mail": {"values", "store"},
    "pty": {"procfs"},
    "policy": {"values", "mail", "pty"},
    "runtime": {"values", "procfs", "config", "store", "mail", "pty", "policy"},
    "ledger": {"values"},
    "bridge": {"library", "values", "procfs", "config", "store", "mail", "runtime", "policy", "ledger"},
    "dashboard": {"values", "config", "store", "mail", "runtime", "policy", "bridge"},
    "top": {"values", "mail", "pty", "runtime", "policy", "dashboard"},
    "page": {"values", "mail", "runtime", "policy", "dashboard"},
    "demo": {"values", "config", "store", "mail", "pty", "runtime", "policy"},
    "setup": {"values", "procfs", "config", "store", "mail", "runtime", "policy", "bridge"},
    "certify": {"library", "values", "procfs", "config", "store", "mail", "pty", "runtime", "policy"},
    "cli": {"library", "values", "config", "store", "mail", "schema", "setup", "runtime", "policy", "dashboard", "top"}
    | {"page", "demo", "certify", "bridge", "ledger"},
    "entry": {"cli", "values"},
}
EVERYWHERE = {"record"}
"""Rooms that any other may import: they know nothing of mail, of terminals and of the system."""
LATE = {
    "cli": {"runtime", "policy", "dashboard", "top", "page", "demo", "setup", "schema", "certify", "bridge", "ledger"},
    "dashboard": {"bridge"},
    "config": {"procfs"},
    "library": {"values", "store", "mail"},
}
"""Imports allowed only inside the functions that need them: at the top they would slow every short command down."""

OUTSIDE = {
    **{name: {"runtime", "setup", "schema"} for name in ("pydantic", "watchfiles")},
    "anyio": {"runtime", "setup", "schema", "page"},
    "shtab": {"cli"},
    **{name: {"bridge"} for name in ("cryptography", "nacl", "nats", "nkeys")},
    **{name: {"top"} for name in ("rich", "textual")},
    **{name: {"page"} for name in ("h11", "starlette", "uvicorn")},
    **{name: {"pty"} for name in ("avt", "ptyprocess", "pty", "termios", "tty")},
}
ONE_READER = {"termios": {"amq.pty.line_discipline"}, "nats": {"amq.bridge.jetstream", "amq.bridge.hub_streams"}}
"""Modules that only one module of amq imports, or one on each side of the hub, so that their facts are in one place."""
PURE = {"policy", "ledger"}
"""Rooms whose modules decide from their arguments: they import nothing that acts, waits or looks."""
ACTING = {"asyncio", "fcntl", "io", "os", "pathlib", "random", "select", "selectors", "shutil", "signal", "socket"} | {
    *("subprocess", "tempfile", "threading", "time"),
}
POSIX_ONLY = {
    "crypt",
    "curses",
    "fcntl",
    "grp",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "syslog",
    "termios",
    "tty",
}

FILE_CALLS = {
    *("fsync", "fdatasync", "rename", "renames", "replace", "link", "symlink", "unlink", "remove"),
    *("truncate", "ftruncate", "rmdir", "removedirs"),
}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
MAY_CHANGE_FILES = {
    *("amq.store.durable", "amq.store.rename_noreplace", "amq.runtime.private_state"),
    "amq.runtime.notifier_lock",  # writes in place what its lock says
    "amq.runtime.exec_with_environment",  # removes a file that is read once
}
MAY_MAKE_FILES = {
    *("amq.store.durable", "amq.store.locks", "amq.store.windows_open", "amq.runtime.private_state"),
    "amq.runtime.journal",  # appends to logs
}
"""Files are made by the seam, or by `write_private`: whole or not at all, and for the user alone."""
MAY_READ_ENVIRONMENT = {"amq.config", "amq.runtime.exec_with_environment"}
MAY_PRINT = {"amq.cli.output"}
MAY_READ_PROC = {"amq.procfs"}
MAY_CALL_TMUX = {"amq.runtime.tmux_client"}

OF_CLIS = tuple(f"{agents.__name__}.{name}" for name in registry.NAMES)
"""Packages of the CLIs: all that is known of a named CLI is below them. Others ask the registry."""
KNOW_NAMES = {registry.__name__}
FOR_USERS = {"USAGE", "EXAMPLES", "NOTES", "_EXAMPLES", "AFTERWARDS", "hint"}, {"help", "metavar", "hint"}
"""Names and arguments that hold text for users, which may name a CLI. So may docstrings and what is raised."""
MAY_NAME_A_CLI = {
    ("amq.cli.commands.coop_up", "claude,codex"): "handles: the agents of a queue whose user names none",
    ("amq.cli.commands.coop_up", "may agents run"): "a question to the user",
    ("amq.setup.checks_queue", "claude,codex"): "handles, in an example for users",
    ("amq.errors", " there; in a sandbox"): "advice for users",
    ("amq.runtime.agents.profile", "claude-socket"): "a word of a user's own profile",
    ("amq.runtime.agents.profile", "codex-queue"): "a word of a user's own profile",
    ("amq.runtime.agents.profile", "opencode-server"): "a word of a user's own profile",
    ("amq.runtime.hooks.script", "settings.json"): "a file of amq's own",
    ("amq.runtime.user_config", "config.toml"): "a file of amq's own",
    ("amq.setup.checks_machine", r"\bamq hook\b"): "scripts of amq's own, as users have installed them",
}
"""The module and the beginning of each other literal that may name a CLI, and the reason."""


def room(module: str) -> str:
    """Return the room that a module of amq is in."""
    while module not in ROOMS:
        module = module.rpartition(".")[0]
    return ROOMS[module]


def imports(module: str, node: ast.AST) -> list[str]:
    """Return the full names that an import statement of MODULE binds; none if NODE is another statement."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        source = importlib.util.resolve_name("." * node.level + (node.module or ""), module.rpartition(".")[0])
        return [f"{source}.{alias.name}" for alias in node.names]
    return []


def is_type_checking(node: ast.AST) -> bool:
    """Return whether NODE is the block that only type checkers look into."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def statements(node: ast.AST, late: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Yield every node below NODE, each with whether it runs only after the module was imported, or never."""
    for child in ast.iter_child_nodes(node):
        inner = (
            late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or is_type_checking(child)
        )
        yield child, inner
        yield from statements(child, inner)


def import_faults(module: str, imported: str, late: bool) -> Iterator[str]:
    """Yield the faults of MODULE importing IMPORTED, `late` or when it is imported itself."""
    here, top = room(module), imported.split(".")[0]
    if top == "amq":
        there = room(imported)
        if there not in {here, *MAY_IMPORT[here], *EVERYWHERE}:
            yield f"{here} must not import {there}: {imported}"
        elif there in LATE.get(here, ()) and not late:
            yield f"{here} imports {there} only inside functions: {imported}"
    if here in PURE and top in ACTING:
        yield f"{here} must not import {top}: it is pure"
    if here not in OUTSIDE.get(top, {here}) or module not in ONE_READER.get(top, {module}):
        yield f"{here} must not import {top}"
    elif top in POSIX_ONLY and here in MAILBOX_SIDE and not late:
        yield f"{top} is for POSIX only: import it inside a function"


def call_faults(module: str, name: str) -> Iterator[str]:
    """Yield the faults of MODULE using NAME, such as `os.fsync` or `print`."""
    source, _, member = name.rpartition(".")
    if source == "os" and member in FILE_CALLS and module not in MAY_CHANGE_FILES:
        yield f"{name} is outside the seam"
    if name == "os.O_CREAT" and module not in MAY_MAKE_FILES:
        yield f"{name} is outside what makes files"
    if source == "os" and member in ENVIRONMENT and module not in MAY_READ_ENVIRONMENT:
        yield f"{name} is outside config"
    if name == "print" and module not in MAY_PRINT:
        yield "print is outside cli/output"


def words_of_clis() -> re.Pattern[str]:
    """Return a pattern of facts of a CLI: its name (in a variable, path or package too), and names in its folder."""
    names = {file for each in registry.with_hooks().values() for file in (each.name, each.other)}
    names |= {each.path for each in registry.with_skills().values()}
    names |= {name for profile in registry.profiles() for name in (*profile.session, profile.tool_output.variable)}
    rest = "|".join(map(re.escape, sorted(filter(None, names))))
    return re.compile(
        rf"(?<![a-z])(?:{'|'.join(registry.NAMES)})(?![a-z])|(?<![\w.-])(?:{rest})(?![\w-])", re.IGNORECASE
    )


OF_A_CLI = words_of_clis()


def is_for_users(node: ast.AST) -> bool:
    """Return whether NODE is a docstring, or holds text for users."""
    constants, arguments = FOR_USERS
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in constants for target in node.targets)
    if isinstance(node, ast.keyword):
        return node.arg in arguments
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def literals(node: ast.AST) -> Iterator[str]:
    """Yield every string below NODE that is not for users."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str | bytes):
            yield child.value if isinstance(child.value, str) else child.value.decode("latin-1")
        if not is_for_users(child):
            yield from literals(child)


def is_of_cli(module: str) -> bool:
    """Return whether MODULE is a CLI's package, or in one."""
    return f"{module}.".startswith(tuple(f"{package}." for package in OF_CLIS))


def cli_faults(module: str, source: ast.AST) -> Iterator[str]:
    """Yield the facts of a named CLI that MODULE must not know."""
    if module in KNOW_NAMES or is_of_cli(module):
        return
    for text in literals(source):
        may = any(module == where and text.startswith(begin) for where, begin in MAY_NAME_A_CLI)
        if OF_A_CLI.search(text) and not may:
            yield f"{text!r} is known of a CLI: it may be only in the folder of the CLI"
    for node in ast.walk(source):
        for imported in imports(module, node):
            if is_of_cli(imported):
                yield f"{imported} is of a CLI: ask {registry.__name__}"


def is_open_to_write(node: ast.AST) -> bool:
    """Return whether NODE calls `open` to write a whole file, and not only to append."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"):
        return False
    modes = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "mode")]
    said = "".join(str(mode.value) for mode in modes if isinstance(mode, ast.Constant))
    return "a" not in said and bool(set("wx+") & set(said))


def literal_faults(module: str, node: ast.AST) -> Iterator[str]:
    """Yield the faults of MODULE having the literal NODE: a path below /proc, or the program of a command line."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        path = node.value if isinstance(node.value, str) else node.value.decode(errors="replace")
        if re.match(r"/proc(/|$)", path) and module not in MAY_READ_PROC:
            yield f"{path} is outside amq/procfs"
    if is_open_to_write(node) and module not in MAY_MAKE_FILES:
        yield "a file is written in place"
    first = node.elts[:1] if isinstance(node, ast.List) else node.args[:1] if isinstance(node, ast.Call) else []
    if any(isinstance(word, ast.Constant) and word.value == "tmux" for word in first) and module not in MAY_CALL_TMUX:
        yield "tmux is called outside its client"


def uses(node: ast.AST) -> list[str]:
    """Return the name that NODE looks up: a plain one, or a member of one."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return [f"{node.value.id}.{node.attr}"]
    return [node.id] if isinstance(node, ast.Name) else []


def faults(module: str, source: str) -> list[str]:
    """Return each breach of the rule in the SOURCE of MODULE."""
    tree = ast.parse(source)
    found = [*cli_faults(module, tree)]
    for node, late in statements(tree):
        imported = imports(module, node)
        found += [fault for each in imported for fault in import_faults(module, each, late)]
        found += [fault for each in (*imported, *uses(node)) for fault in call_faults(module, each)]
        found += literal_faults(module, node)
    return found


def modules() -> dict[str, Path]:
    """Return every module of amq and its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("amq", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@pytest.mark.parametrize("module", modules())
def test_each_module_keeps_the_layer_rule(module: str) -> None:
    assert faults(module, modules()[module].read_text(encoding="utf-8")) == []


def test_every_module_has_a_room() -> None:
    """A new file in amq/ must be put into one; otherwise it would count as part of the library's front page."""
    assert [module for module in modules() if room(module) == "library"] == ["amq"]


@pytest.mark.parametrize(("module", "begin"), MAY_NAME_A_CLI)
def test_each_exception_is_needed(module: str, begin: str) -> None:
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    assert [text for text in literals(tree) if text.startswith(begin) and OF_A_CLI.search(text)]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("amq", "from amq.mail.mailbox import Mailbox"),
        ("amq", "def f():\n    from amq.runtime import host"),
        ("amq.names", "from amq.store import durable"),
        ("amq.names", "def f():\n    from amq.mail import mailbox"),
        ("amq.names", "from .mail import mailbox"),
        ("amq.layout", "from amq import config"),
        ("amq.record", "from amq import errors"),
        ("amq.store.maildir", "from amq.mail.account import Account"),
        ("amq.store.maildir", "from ..mail import sending"),
        ("amq.mail.mailbox", "import amq.cli.output"),
        ("amq.mail.mailbox", "import amq.pty.user_terminal"),
        ("amq.mail.mailbox", "if TYPE_CHECKING:\n    from amq.runtime import loop"),
        ("amq.pty.user_terminal", "from amq.errors import AmqError"),
        ("amq.pty.user_terminal", "from amq.mail.mailbox import Mailbox"),
        ("amq.pty.user_terminal", "from amq.runtime.policy import injection"),
        ("amq.runtime.inbox_watcher", "from amq.cli import output"),
        ("amq.runtime.policy.schedule", "import time"),
        ("amq.runtime.policy.schedule", "def f():\n    from subprocess import run"),
        ("amq.runtime.policy.schedule", "from amq.runtime import journal"),
        ("amq.cli.commands.run", "from amq.runtime import host"),
        ("amq.cli.commands.run", "if True:\n    import amq.runtime.host"),
        ("amq.cli.commands.run", "class A:\n    from amq.demo import stage"),
        ("amq.cli.commands.run", "def f():\n    import amq.pty.host"),
        ("amq.cli.commands.list", "import pydantic"),
        ("amq.cli.commands.list", "def f():\n    import pydantic"),
        ("amq.mail.mailbox", "from watchfiles import awatch"),
        ("amq.pty.host", "import anyio.to_thread"),
        ("amq.cli.pipe_ack", "def f():\n    import termios"),
        ("amq.runtime.host", "import termios"),
        ("amq.runtime.host", "from ptyprocess import PtyProcess"),
        ("amq.store.durable", "import fcntl"),
        ("amq.config", "try:\n    from pwd import getpwuid\nexcept ImportError:\n    pass"),
        ("amq.store.acks", "import os\nos.fsync(3)"),
        ("amq.store.acks", "from os import rename"),
        ("amq.cli.commands.init", "import os\nmove = os.replace"),
        ("amq.demo.stage", "import os\nos.unlink('x')"),
        ("amq.mail.account", "import os\nme = os.environ['AM_ME']"),
        ("amq.runtime.host", "from os import getenv"),
        ("amq.cli.commands.list", "print('x')"),
        ("amq.runtime.host", "show = print"),
        ("amq.config", "KNOWN = ('claude', 'other')"),
        ("amq.config", "def f(environment):\n    return environment['CLAUDE_CONFIG_DIR']"),
        ("amq.config", "def f(environment):\n    return 'CLAUDECODE' in environment"),
        ("amq.config", "def f(environment):\n    return environment.get('BASH_MAX_OUTPUT_LENGTH')"),
        ("amq.setup.hooks", "def f(home):\n    return f'{home}/.codex/hooks.json'"),
        ("amq.setup.hooks", "NAME = b'config.toml'"),
        ("amq.setup.skill", "PLACE = ('.agents', 'skills')"),
        ("amq.setup.clis", "GET_IT = {'other': 'npm install -g @openai/codex'}"),
        ("amq.setup.checks_queue", "DEFAULT = 'gemini,claude,codex'"),
        ("amq.runtime.channels.hosted_terminal", "MODULE = 'amq.runtime.agents.qwen'"),
        ("amq.runtime.launch", "def f():\n    from amq.runtime.agents.codex import hooks"),
        ("amq.runtime.host", "from amq.runtime.agents import claude"),
        ("amq.runtime.agents.user_profile", "def f():\n    import amq.runtime.agents.claude.profile"),
        ("amq.runtime.agents.foreground", "PLACE = '.claude/sessions'"),
        ("amq.runtime.trust", "import os\nos.replace('a', 'b')"),
        ("amq.runtime.path_shim", "import os\nos.open('a', os.O_WRONLY | os.O_CREAT)"),
        ("amq.setup.checks_queue", "open('a', 'w')"),
        ("amq.runtime.hooks.announcements", "open('a', mode='rb+')"),
        ("amq.pty.user_terminal", "import termios"),
        ("amq.pty.user_terminal", "def f():\n    from termios import tcgetattr"),
        ("amq.config", "from amq import procfs"),
        ("amq.mail.mailbox", "from amq import procfs"),
        ("amq.runtime.agents.processes", "PROC = '/proc'"),
        ("amq.pty.descriptors", "open('/proc/self/fd')"),
        ("amq.runtime.why_waiting", "open(f'/proc/{pid}/stat')"),
        ("amq.config", "PATH = b'/proc/self/environ'"),
        ("amq.setup.coop_panes", "run(['tmux', 'kill-pane'])"),
        ("amq.setup.checks_machine", "which('tmux')"),
        ("amq.runtime.channels.panes.tmux", "words = ['tmux', *more]"),
    ],
)
def test_a_forbidden_import_is_found(module: str, source: str) -> None:
    assert len(faults(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("amq", "def __getattr__(name):\n    from amq.mail.mailbox import Mailbox"),
        ("amq.cli.main", "from amq import __version__"),
        ("amq.names", "from amq.errors import UsageError\nimport re"),
        ("amq.names", "from . import errors"),
        ("amq.store.acks", "from amq.record import record\nfrom amq.store import durable"),
        ("amq.store.durable", "import os\nos.fsync(3)\ndef f():\n    import fcntl"),
        ("amq.store.acks", "from amq.record import replace\nreplace(1)\n'a'.replace('a', 'b')"),
        ("amq.runtime.notifier_lock", "import fcntl\nimport os\nos.ftruncate(3, 0)"),
        ("amq.runtime.loop", "import anyio\nfrom amq.mail.mailbox import Mailbox\nfrom amq.pty.host import Host"),
        ("amq.pty.line_discipline", "import termios\nfrom amq.pty.errors import PtyError"),
        ("amq.runtime.private_state", "import os\nos.open('a', os.O_CREAT)\nos.replace('a', 'b')\nopen(3, 'w')"),
        ("amq.runtime.trust", "open('a', 'rb')\nopen('b')\nopen('c', 'a+')"),
        ("amq.pty.user_terminal", "from amq import procfs"),
        ("amq.pty.user_terminal", "from amq.record import record"),
        ("amq.procfs", "open('/proc/locks')"),
        ("amq.config", "def f():\n    from amq import procfs"),
        ("amq.runtime.tmux_client", "find_program('tmux')"),
        ("amq.cli.commands.wake", "VIA = ('auto', 'tmux')"),
        ("amq.runtime.agents.processes", "def f():\n    'From /proc, else from ps.'"),
        ("amq.schema", "import pydantic\nfrom amq.message import Header"),
        ("amq.cli.commands.run", "def f():\n    from amq.runtime import host"),
        ("amq.cli.commands.run", "if TYPE_CHECKING:\n    from amq.runtime.host import Session"),
        ("amq.config", "import os\nos.environ"),
        ("amq.cli.output", "print('x')"),
        ("amq.__main__", "from amq.entry import entry_point"),
        ("amq.runtime.agents.claude", "NAME = 'claude'"),
        ("amq.runtime.agents.codex.hooks", "from amq.runtime.agents.codex import DIRECTORY\nNAME = '.codex'"),
        ("amq.runtime.host", "from amq.runtime.agents import registry"),
        ("amq.cli.commands.run", "def f():\n    'As `amq run -- claude` does.'\nUSAGE = 'amq run -- claude'"),
        ("amq.cli.commands.run", "def f(parser):\n    parser.add_argument('x', metavar='claude', help='or codex')"),
        ("amq.mail.account", "def f():\n    raise ValueError('for example claude', hint=f'{1} codex')"),
        ("amq.setup.checks_queue", "HANDLES = 'claude,codex'"),
        ("amq.names", "NAMES = ('preclaude', 'claudes', 'my.agents.md', 'myconfig.toml')"),
    ],
)
def test_an_allowed_import_passes(module: str, source: str) -> None:
    assert faults(module, source) == []
