"""All text is plain English: help, errors, hints, documents and docstrings have no word or opening of these lists."""

from __future__ import annotations

import ast
import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


ROOT = Path(__file__).parent.parent
MOST_WORDS = 25
"""Of a sentence, or of its part before or behind a colon; code counts as one."""


class Banned(NamedTuple):
    """A pattern, the words to write instead, and a text in which only this pattern is found."""

    pattern: str
    write: str
    sample: str


BANNED = [
    Banned(r"\b[Tt]he person\b|\b[Aa] person\b", "user", "the dialog asks the person"),
    Banned(
        r"(?i)\b(some|any|every|no)body\b", "someone, anyone, everyone, no one; better a noun", "nobody notifies it"
    ),
    Banned(r"(?i)(?<!Initialized )\bAMQ root\b", "queue", "the AMQ root is missing"),
    Banned(r"(?i)(?<!cannot )\btell(s|ing)?\b|\btold\b", "notify, announce, say", "the agent was told of it"),
    Banned(r"(?i)\bmend(s|ed|ing)?\b", "fix", "doctor mends it"),
    Banned(r"(?i)\bdefects?\b", "internal error", "a defect in amq"),
    Banned(r"(?i)\bin vain\b", "timed out, failed", "it waited in vain"),
    Banned(r"(?i)\bcan not\b", "cannot", "it can not be read"),
    Banned(r"(?i)(?<!there )\b(is|are|was|were) no (?!longer\b)", "is not a", "the file is no message"),
    Banned(r"(?i)\b(stands?|stood)\b(?! for\b)", "is", "the line stands in its row"),
    Banned(r"(?i)\bbe (it|they)\b", "whether", "the mail, be it new or old"),
    Banned(r"(?i)\bof (ours|yours|mine|theirs)\b", "our, your", "a file of yours"),
    Banned(r"(?i)\bput (back )?in(to)? order\b", "restore", "the terminal is put in order"),
    Banned(r"(?i)\bbelongs to no\b|\bnames no\b", "unexpected, unknown, empty", "the word belongs to no option"),
    Banned(r"(?i)\bwho has\b|\bwhoever\b", "a noun", "it is for whoever sent it"),
    Banned(r"(?i)\ball the same\b", "anyway", "it is typed all the same"),
    Banned(r"(?i)\bhands? over word\b|(?<!a )\bword of\b", "announce", "it hands over word about mail"),
]
OPENINGS = [
    Banned(r"^(who|whose|what|whatever|whether|which|how)\b(?!.*\?)", "a verb, or a noun", "what each agent says"),
    Banned(r"^(the same|one of them|such)\b", "a verb, or a noun", "the same for other mail"),
    Banned(r"^see\b", "a verb that says what to do", "see the log"),
]
"""Openings that no text has, in lower or upper case; a question may."""
NOUNS = re.compile(r"(an?|the|its|our|your|all|one|every|each|it|they|those|in|of|where|when|if|\d)\b", re.IGNORECASE)
"""First words of a sentence that does not begin with its verb."""
LATER = {"CHANGELOG.md"}
"""Documents that are not read: history, whose older sections stay as they were published."""


def wrong(texts: Iterator[tuple[str, str]], banned: list[Banned]) -> list[str]:
    """Return a line for each TEXT, named by its place, that has a word or an opening of BANNED."""
    together = re.compile("|".join(f"(?:{each.pattern.replace('(?i)', '')})" for each in banned), re.IGNORECASE)
    return [
        f"{place}: {found[0]!r} in {text.strip()!r}; write {each.write}"
        for place, text in texts
        if together.search(text)
        for each in banned
        if (found := re.search(each.pattern, text))
    ]


def strings(source: str, *, docstrings: bool) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module's SOURCE that have several words, with their lines: its DOCSTRINGS, or the others."""
    nodes: list[ast.AST] = [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            if docstrings and isinstance(node.value.value, str):
                yield node.lineno, node.value.value
            continue
        if not docstrings and " " in (text := _text(node)):
            yield from ((getattr(node, "lineno", 0), piece) for piece in pieces(text))
        if isinstance(node, ast.JoinedStr):
            nodes += [each.value for each in node.values if isinstance(each, ast.FormattedValue)]
        else:
            nodes += ast.iter_child_nodes(node)


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(each) or "{}" for each in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def pieces(text: str) -> list[str]:
    """Return the parts of a help text that are read apart: paragraphs, and what is behind an example."""
    if "\n" not in text:
        return [text]
    return [piece for part in text.split("\n\n") for piece in re.split(r"\n(?=  )| {3,}", part)]


def sentences(document: str) -> list[str]:
    """Return the sentences and the cells of a Markdown DOCUMENT, without its code."""
    prose = re.sub(r"```.*?```|<!--.*?-->|`[^`]*`", "X", document, flags=re.DOTALL)
    prose = re.sub(r"(?m)^ {4}.*$", "", prose)
    parts = re.split(r"\n\s*\n|\n(?=[*#|-])|\n(?=\d\. )|\|", prose)
    whole = [" ".join(part.strip("#*-0123456789. \n").split()) for part in parts]
    return [sentence for part in whole for sentence in re.split(r"(?<=[.:;]) (?=[A-Z])", part) if sentence]


def prose(docstring: str) -> str:
    """Return DOCSTRING without code, which is in backquotes, and without parameters, which are in capitals."""
    return re.sub(r"`[^`]*`|\b(?!AMQ\b)[A-Z][A-Z_]+\b", "X", docstring)


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[.:;]) |\n\n", text.strip(), maxsplit=1)[0]


def modules(top: str) -> Iterator[tuple[str, str]]:
    return ((str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in sorted((ROOT / top).rglob("*.py")))


def all_modules() -> Iterator[tuple[str, str]]:
    """Yield the modules of the program, the tests and the scripts."""
    return chain(modules("amq"), modules("tests"), modules("scripts"))


def functions(source: str) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))


def documents() -> list[Path]:
    found = chain.from_iterable(ROOT.glob(pattern) for pattern in ("*.md", "docs/**/*.md", "amq/**/*.md", "tests/*.md"))
    return sorted(path for path in found if path.name not in LATER)


def in_lower_case(texts: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((place, text.strip().lower()) for place, text in texts)


def test_help_errors_and_hints() -> None:
    found = [
        (f"{name}:{line}", text) for name, source in modules("amq") for line, text in strings(source, docstrings=False)
    ]
    assert len(found) > 1000
    assert wrong(iter(found), BANNED) == []
    assert wrong(in_lower_case(iter(found)), OPENINGS) == []


def test_schemas() -> None:
    found = [
        (f"{name}:{line}", text)
        for name, source in modules("amq/schema")
        for line, text in strings(source, docstrings=True)
    ]
    assert wrong(iter(found), BANNED) == []


def test_docstrings() -> None:
    """They make sense alone, in a hover."""
    found = [
        (f"{name}:{line}", prose(text))
        for name, source in all_modules()
        for line, text in strings(source, docstrings=True)
    ]
    assert len(found) > 1000
    assert wrong(iter(found), BANNED) == []
    assert wrong(in_lower_case((place, first_sentence(text)) for place, text in found), OPENINGS) == []


def test_docstrings_of_functions() -> None:
    """They begin with a verb; those of properties, fixtures, tests and classes need not."""
    found = [
        (f"{name}:{node.lineno}", ast.get_docstring(node) or "")
        for name, source in all_modules()
        for node in functions(source)
        if not re.search(r"property|fixture", " ".join(map(ast.unparse, node.decorator_list)))
        if not node.name.startswith("test_")
    ]
    assert len(found) > 500
    assert [each for each in found if NOUNS.match(each[1])] == []


def test_names_of_tests() -> None:
    found = [
        (f"{name}:{node.lineno}", node.name.replace("_", " "))
        for name, source in all_modules()
        for node in functions(source)
        if node.name.startswith("test_")
    ]
    assert len(found) > 1000
    assert wrong(iter(found), BANNED) == []


def test_names_of_mutants() -> None:
    from tests.mutants.table import MUTANTS

    assert wrong(((each.file, each.name) for each in MUTANTS), BANNED) == []


def test_nouns_can_be_found() -> None:
    assert NOUNS.match("The header of it")
    assert not NOUNS.match("Return the header")


def test_summaries() -> None:
    """They begin with a verb."""
    from amq.cli.main import COMMANDS

    assert wrong(iter(COMMANDS.items()), BANNED + OPENINGS) == []
    assert [summary for summary in COMMANDS.values() if NOUNS.match(summary)] == []


def test_documents() -> None:
    read = [(path.name, sentence) for path in documents() for sentence in sentences(path.read_text("utf-8"))]
    assert wrong(iter(read), BANNED) == []
    prose = [(name, sentence) for name, sentence in read if sentence[0].isupper()]  # not the cells of tables
    assert wrong(in_lower_case(iter(prose)), OPENINGS) == []


def test_sentences_of_decisions_are_short() -> None:
    pages = sorted(ROOT.glob("docs/decisions/*.md"))
    assert len(pages) > 30
    read = [(page.name, sentence) for page in pages for sentence in sentences(page.read_text("utf-8"))]
    parts = [(name, part) for name, sentence in read for part in re.split(r"(?<=[.:;?])\W* ", sentence)]
    assert [part for part in parts if len(part[1].split()) > MOST_WORDS] == []


# -- the list itself --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", BANNED + OPENINGS, ids=lambda entry: entry.sample)
def test_each_entry_can_fail(entry: Banned) -> None:
    assert len(wrong(iter([("here", entry.sample)]), BANNED + OPENINGS)) == 1
    source = (
        f'"""{entry.sample}"""\ndef f(it):\n    raise AmqError(f"{entry.sample} {{it}}", hint="do {entry.sample}")\n'
    )
    found = [("m", text) for _, text in strings(source, docstrings=False)]
    assert {text for _, text in found} == {f"{entry.sample} {{}}", f"do {entry.sample}"}
    assert wrong(iter(found), [entry])
    assert wrong((("m", first_sentence(prose(text))) for _, text in strings(source, docstrings=True)), [entry])
    document = f"# A title\n\nIt runs.\n{entry.sample[0].upper()}{entry.sample[1:]}, `too`.\n"
    assert wrong(in_lower_case(iter([("d", text) for text in sentences(document)])), [*OPENINGS, entry])


def test_prose_of_a_docstring() -> None:
    assert prose("Return `told` of AMQ and TELL_ME.") == "Return X of AMQ and X."
    assert first_sentence("\nReturn it: all. What?\n") == "Return it:"
    assert first_sentence("Return it\n\nWhat") == "Return it"


def test_what_is_read_apart() -> None:
    assert pieces("  amq why          what it is\n  amq x") == ["  amq why", "what it is", "  amq x"]
    document = "# Who\n\n* a `told` b. It\n  is: good\n\n    told\n\n| what | x |\n"
    assert sentences(document) == [
        "Who",
        "a X b.",
        "It is: good",
        "what",
        "x",
    ]
