"""The agent's `amq`: a private directory, first on the agent's PATH, that holds nothing else.

A virtual environment's own bin directory would bring its python and pip along.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from amq import quoting
from amq.runtime.policy.wake_line import COMMAND, is_typeable
from amq.runtime.private_state import PROGRAM_MODE, make_directory, write_private
from amq.runtime.programs import find_program
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

SHELL_WITHIN_S = 5.0  # seconds for the user's login files
END_WITHIN_S = 1.0  # seconds from SIGTERM to SIGKILL: login files may hold a lock of the user's tools

_COMMAND = """\
#!/bin/sh
# amq run made this: the amq that hosts the agent. Where that has been removed meanwhile, another one on the PATH.
[ -x {python} ] && [ -e {package} ] && exec {python} -P -m amq "$@"
amq_left=$PATH: amq_next= amq_other=
while [ "$amq_left" ]; do
    amq_file=${{amq_left%%:*}}/amq
    amq_left=${{amq_left#*:}}
    case $amq_file in /amq | [!/]*) continue ;; esac
    # Of those that amq run made, only one that comes after this one: so no two start each other in turn.
    [ "$amq_file" -ef "$0" ] && amq_next= && continue
    [ -f "$amq_file" ] && [ -x "$amq_file" ] || continue
    amq_first= amq_second=
    {{ read -r amq_first && read -r amq_second; }} <"$amq_file"
    case $amq_first in '#!'*) ;; *) amq_first='#!/' ;; esac
    amq_python=${{amq_first#??}} amq_python=${{amq_python# }}
    [ -x "${{amq_python%% *}}" ] || continue
    amq_next=${{amq_next:-$amq_file}}
    case $amq_second in '# amq run made this'*) ;; *) amq_other=${{amq_other:-$amq_file}} ;; esac
done 2>/dev/null
amq_next=${{amq_next:-$amq_other}}
[ "$amq_next" ] && exec "$amq_next" "$@"
[ -x {python} ] && exec {python} -P -m amq "$@"
printf '%s\\n' {error} {hint} >&2
exit 127
"""


def command_path(directory: str) -> str:
    """Return the path at which `make_command` puts the command."""
    return f"{directory}/bin/amq"


def make_command(directory: str) -> str:
    """Write an `amq` into DIRECTORY/bin and return its path; it runs this very program, as long as that is there."""
    command = command_path(directory)
    words = {
        "python": sys.executable,
        "package": os.path.join(os.path.dirname(quoting.__file__), "__main__.py"),
        "error": f"amq: {visible(sys.executable)} is gone, which amq run was started with; no other amq is on the PATH",
        "hint": "     install amq, and start this agent again",
    }
    make_directory(os.path.dirname(command))
    write_private(command, _COMMAND.format(**{name: quoting.shell(word) for name, word in words.items()}), PROGRAM_MODE)
    return command


def own_command(environment: Mapping[str, str]) -> str:
    """Return the absolute path of an installed `amq`, this one's if it is known; "" if none is found."""
    beside = _beside_python()
    return beside if os.access(beside, os.X_OK) else find_program("amq", environment) or ""


def _beside_python() -> str:
    """Return the path at which an installer puts this installation's command, as in a virtual environment."""
    return os.path.join(os.path.dirname(sys.executable), "amq")


def with_command(environment: Mapping[str, str], command: str) -> dict[str, str]:
    """Return ENVIRONMENT with COMMAND's directory first on the PATH, unless a PATH cannot hold it."""
    path = environment.get("PATH") or os.defpath
    with suppress(ValueError):
        path = quoting.search_path(os.path.dirname(command), path)
    return {**environment, "PATH": path}


def typed_command(path: str, environment: Mapping[str, str], give_up: threading.Event) -> str:
    """Return the command to type for the amq at PATH: the bare word, if login shells find that amq by it, too."""
    if not is_typeable(path) or login_shells_find(path, environment, give_up):
        return COMMAND
    return path


def login_shells_find(command: str, environment: Mapping[str, str], give_up: threading.Event) -> bool:
    """Return whether `amq` means COMMAND, or this same installation, in login shells, which may set their own PATH.

    The user's shell and bash are asked; no answer within SHELL_WITHIN_S seconds, or after GIVE_UP, means no.
    """
    shells = dict.fromkeys([environment.get("SHELL") or "bash", "bash"])
    found = (shell if os.path.isabs(shell) else find_program(shell, environment) for shell in shells)
    running = [_ask(shell, environment) for shell in found if shell]
    deadline = time.monotonic() + SHELL_WITHIN_S
    answers = [_answer(shell, deadline, give_up) for shell in running if shell is not None]
    wanted = {os.path.realpath(path) for path in (command, sys.argv[0], _beside_python())}
    return bool(answers) and all(os.path.isabs(answer) and os.path.realpath(answer) in wanted for answer in answers)


def _ask(shell: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes] | None:
    """Start SHELL to look for `amq`; None if it cannot be run. Its own session keeps login files off the terminal."""
    import subprocess  # only here: most agents find `amq` without a shell

    try:
        return subprocess.Popen(
            [shell, "-lc", "command -v amq"],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None


def _answer(shell: subprocess.Popen[bytes], deadline: float, give_up: threading.Event) -> str:
    """Return the last line that SHELL prints, "" if there is none by DEADLINE. Login files may print more."""
    while shell.poll() is None and time.monotonic() < deadline and not give_up.wait(0.01):
        pass
    with shell:
        if shell.returncode is None:
            _end(shell)
            return ""
        assert shell.stdout is not None
        lines = shell.stdout.read().decode("utf-8", "replace").split("\n")
    return lines[-2] if len(lines) > 1 else ""


def _end(shell: subprocess.Popen[bytes]) -> None:
    import subprocess

    os.killpg(shell.pid, signal.SIGTERM)
    try:
        shell.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
