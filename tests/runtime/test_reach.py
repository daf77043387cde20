"""The `amq` on an agent's PATH, when the one that hosts the agent was removed, or upgraded, meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from amq import quoting
from amq.runtime.path_shim import make_command

OTHER, BINARY = "other a b *\n", "a b *\n"


def script(path: Path, text: str) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#! /bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the commands of two nested `amq run` whose Python is gone; beside them are others named amq."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone" / "python"))
    script(tmp_path / "other" / "amq", 'echo other "$@"')
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "amq").write_text("#!/gone/python\n")
    (tmp_path / "broken" / "amq").chmod(0o700)
    (tmp_path / "binary").mkdir()
    (tmp_path / "binary" / "amq").symlink_to("/bin/echo")
    return [make(tmp_path / name) for name in ("inner", "outer")]


def make(directory: Path) -> str:
    directory.mkdir()
    return make_command(str(directory))


def call(command: str, path: str) -> tuple[int, str]:
    """Run COMMAND in a directory that has another amq, with PATH; return (status, output).

    In PATH, `~` is the directory of all of them.
    """
    place = Path(command).parents[2]
    done = subprocess.run(
        [command, "a b", "*"], cwd=place / "other", env={"PATH": path.replace("~", str(place))},
        capture_output=True, text=True, timeout=10, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout or done.stderr.partition("\n")[0]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("~/inner/bin:~/outer/bin:~/other", OTHER),
        ("~/inner/bin/:~/outer/bin/:~/inner/bin:~/other", OTHER),
        ("~/other:~/inner/bin:~/outer/bin", OTHER),
        ("~/inner/bin:~/broken:~/nowhere:~/binary:~/other", BINARY),
        ("/nowhere:~/other", OTHER),
    ],
)
def test_another_on_the_path_is_run(made: list[str], path: str, says: str) -> None:
    assert [call(command, path) for command in made] == [(0, says)] * 2


@pytest.mark.parametrize(
    "path",
    [
        *("", ":.::~/inner/bin:../other", "~/inner/bin:~/broken", "~/inner/bin:~/outer/bin"),
        *("~/outer/bin:~/inner/bin:~/outer/bin", "~/inner/bin/:~/outer/bin//"),
    ],
)
def test_where_there_is_none_that_is_said(made: list[str], path: str) -> None:
    """Two commands never start each other for ever; nor is one of the working directory run."""
    gone = f"amq: {sys.executable} is gone, which amq run was started with; no other amq is on the PATH"
    assert [call(command, path) for command in made] == [(127, gone)] * 2


def test_one_around_it_that_works_is_run(made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", script(tmp_path / "python", 'shift 3; echo python "$@"'))
    make(tmp_path / "around")
    assert call(made[0], "~/inner/bin:~/outer/bin:~/around/bin") == (0, "python a b *\n")


def test_a_python_without_amq_comes_last(made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have amq in another place now."""
    monkeypatch.setattr(sys, "executable", script(tmp_path / "python", 'shift 3; echo python "$@"'))
    monkeypatch.setattr(quoting, "__file__", str(tmp_path / "gone" / "quoting.py"))
    command = make(tmp_path / "upgraded")
    assert call(command, "~/upgraded/bin:~/other") == (0, OTHER)
    assert call(command, "~/upgraded/bin") == (0, "python a b *\n")
