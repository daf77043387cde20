"""`amq man`: the manual page, made from the parsers, says all that `--help` does, and reads as it was written."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from amq.cli import man_page
from amq.cli.main import COMMANDS, command_module, command_parser
from tests.conftest import Shell
from tests.setup.conftest import require

WIDE = 200


def rendered(source: str) -> str:
    """Return the page that a terminal of WIDE columns shows; groff must have nothing to say."""
    require("groff")
    words = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", f"-rLL={WIDE}n"]
    done = subprocess.run(words, input=source, capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def page(shell: Shell) -> str:
    return rendered(shell.ok("man", me=None))


def test_it_has_every_command_with_its_options_and_examples(page: str) -> None:
    _, *parts = re.split(r"^   (?=amq )", page, flags=re.M)
    assert [part.partition("\n")[0].removeprefix("amq ") for part in parts] == [*COMMANDS]
    for command, part in zip(COMMANDS, parts, strict=True):
        parser = command_parser(command, module := command_module(command))
        own = re.findall(r"^  (?:-., )?(--\S+)", parser.format_help().partition("common options:")[0], re.M)
        assert [option for option in own if option not in part] == []
        assert all(line.rstrip().replace("…", "...") in part for line in module.EXAMPLES.splitlines())


def test_it_ends_with_the_common_options_and_the_exit_codes_of_the_documents(page: str) -> None:
    table = (Path(__file__).parents[2] / "docs" / "commands.md").read_text().rpartition("| code | means |")[2]
    codes = dict(re.findall(r"^\| (\d+) \| (.+) \|$", table, re.M))
    assert codes == man_page.EXIT_STATUS
    assert re.search(r"^COMMON OPTIONS$(?s:.*)--trust-root(?s:.*)^EXIT STATUS$(?s:.*) 130 +interrupted$", page, re.M)


def test_it_has_no_sign_that_the_c_locale_lacks(shell: Shell) -> None:
    assert r"\[u" not in shell.ok("man", me=None)


@pytest.mark.parametrize("line", [r"a \n 'b' `c` ^d ~e -f --g", ".TH no order", "'TH no order", "A[,B] – \U0001f600"])
def test_a_line_is_shown_as_it_was_written(line: str) -> None:
    assert line in rendered("\n".join((".TH A 1", ".SH NAME", man_page._text(line), "")))
