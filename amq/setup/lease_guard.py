"""A check of leases before each commit: a few lines in the repository's own `pre-commit` hook.

Hooks of other tools stay as they are. Into a shell script the lines go behind its first one, because it may end with
`exec` or `exit`. Other programs, and links to files elsewhere, are left alone; the user learns what to add.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping

from amq import git_repository
from amq.errors import AmqError, Conflict, NotFound
from amq.runtime.programs import find_program
from amq.setup.hooks import Change, read_file

_NAME = "pre-commit"
BLOCKED = "block"
"""The word that `amq lease guard check` prints to stop a commit. Anything else, such as a failure, lets it pass."""
_TIMEOUT_S = 10
_MODE = 0o755
_CALL = "git diff --cached --name-only --no-renames -z | amq lease guard check{option}"
_STOP = f"case $({_CALL}) in {BLOCKED}) exit 1 ;; esac"
_HUSKY = "h"
"""The script that each hook of husky's calls; husky writes them all anew when its project is installed."""
_BLOCK = f"""\
# >>> amq lease guard (to remove these lines: amq lease guard uninstall)
if [ "${{{{AMQ_LEASE-}}}}" != ignore ] && command -v amq >/dev/null; then
    {_STOP}
fi
# <<< amq lease guard
"""
_OURS = re.compile(r"(?m)^# >>> amq lease guard.*\n(?:.*\n)*?# <<< amq lease guard\n?")
_NEW = "#!/bin/sh\n"
_SHELL = re.compile(r"#![ \t]*(/\S*/)?(env[ \t]+)?(sh|bash|dash|ksh|zsh)([ \t].*)?\n")


def hook_path(place: str, environ: Mapping[str, str]) -> str:
    """Return the absolute path of the hook that git runs before a commit in PLACE: `core.hooksPath` may move it.

    Linked work trees share it. Raises NotFound without git, or outside of a repository.
    """
    git = find_program("git", environ)
    if git is None:
        raise NotFound("git was not found", hint="install git, or add it to your PATH")
    asked = subprocess.run(
        [git, "rev-parse", "--git-path", f"hooks/{_NAME}"],
        cwd=place, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_TIMEOUT_S,
    )  # fmt: skip
    if asked.returncode:
        raise NotFound(f"git finds no repository in {place}", hint="cd to the repository")
    return os.path.join(place, os.fsdecode(asked.stdout).removesuffix("\n"))


def installing(path: str, *, blocks: bool) -> Change:
    """Return the change that adds the guard to the hook at PATH. Raises Conflict for a hook that cannot take it."""
    before = read_file(path)
    option = " --block" if blocks else ""
    block = _BLOCK.format(option=option)
    leads_out = _leads_out(path)
    is_link = os.path.islink(path) or leads_out
    if before is None and not is_link:
        return Change(path, None, (_NEW + block).encode(), _MODE)
    text = _OURS.sub("", _decoded(path, before or b""))
    shebang = _SHELL.match(text)
    is_huskys = _is_huskys(path)
    if is_huskys or is_link or shebang is None or not os.access(path, os.X_OK):
        script = os.path.join(os.path.dirname(os.path.dirname(path)), _NAME) if is_huskys else "it"
        call = _STOP.format(option=option) if blocks else f"{_CALL.format(option='')} || :"
        raise Conflict(
            f"{_why_not(path, text, leads_out=leads_out)}, so amq left it unchanged", hint=f"call from {script}: {call}"
        )
    at = shebang.end()
    return Change(path, before, (text[:at] + block + text[at:]).encode())


def uninstalling(path: str) -> Change:
    """Return the change that removes the guard from the hook at PATH, and a hook that has nothing else."""
    before = read_file(path)
    if before is None:
        return Change(path, None, None)
    text = _OURS.sub("", _decoded(path, before))
    is_ours_alone = text == _NEW and text.encode() != before and not os.path.islink(path)
    return Change(path, before, None if is_ours_alone else text.encode())


def _is_huskys(path: str) -> bool:
    """Return whether husky has written the hook at PATH, and would do so again."""
    directory = os.path.dirname(path)
    return os.path.basename(directory) == "_" and os.path.isfile(os.path.join(directory, _HUSKY))


def _leads_out(path: str) -> bool:
    """Return whether the hook at PATH, in a work tree by its name, is outside of it: a clone may bring such a link."""
    place = os.path.normpath(os.path.dirname(path))
    top = git_repository.top_of(place)
    if top is None or os.path.relpath(place, top).split(os.sep)[0] == ".git":
        return False
    return os.path.relpath(os.path.realpath(place), os.path.realpath(top)).split(os.sep)[0] == os.pardir


def _why_not(path: str, text: str, *, leads_out: bool) -> str:
    if _is_huskys(path):
        return f"husky writes {path} anew"
    if leads_out:
        return f"{path} is in {os.path.realpath(os.path.dirname(path))}, outside of the repository"
    if os.path.islink(path):
        return f"{path} is a link to {os.path.realpath(path)}"
    return f"{path} is not executable" if _SHELL.match(text) else f"{path} is not a shell script"


def _decoded(path: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise AmqError(f"{path} is not UTF-8, so amq left it unchanged") from None
