"""Words and terms: a scan finds exactly the texts that FTS5 finds."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amq.errors import UsageError
from amq.mail.search_terms import MOST_TERMS, parse_query, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The parser's bug: pars_er, PARSER!", ["the", "parser", "s", "bug", "pars", "er", "parser"]),
        ("", []),
        ("naïve na\u0131ve Straße", ["naive", "naıve", "strasse"]),
        ("e\u0301te\u0301", ["ete"]),
        ("日本語 test", ["日", "本", "語", "test"]),
        ("x" * 100, ["x" * 64, "x" * 36]),
        ("™ ① ﬁ", ["tm", "1", "fi"]),
        ("\u202email\0\ud83dme", ["mail", "me"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text).split() == words


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("bug parser", "the parser has a bug", True),
        ("bug parser", "the parser", False),
        ('"parser has"', "the parser has a bug", True),
        ('"has parser"', "the parser has a bug", False),
        ("pars*", "the parser", True),
        ("pars", "the parser", False),
        ('"the pars"*', "the parser", True),
        ("snake_case", "a snake case", True),
        ("snake_case", "a case of a snake", False),
        ("NAÏVE", "naive", True),
        ("本", "日本語", True),
        ('"unclosed phrase', "an unclosed phrase", True),
    ],
)
def test_queries(query: str, text: str, found: bool) -> None:
    assert parse_query(query).matches("", words_of(text)) == found


@pytest.mark.parametrize("query", ["", "!?", '""', "*", " ".join(["x"] * (MOST_TERMS + 1))])
def test_a_query_that_is_refused(query: str) -> None:
    with pytest.raises(UsageError):
        parse_query(query)


@settings(max_examples=150)
@example(["İstanbul", "ISTANBUL"], "istanbul")
@example(["a\u0301b", "á"], "á*")
@example(["\u1e9e ß"], "ss")
@example(["x" * 70, "x" * 64 + " xxxxxx"], "x" * 65 + "*")
@given(st.lists(st.text(max_size=12), max_size=5), st.text(min_size=1, max_size=8))
def test_a_scan_finds_what_the_index_finds(texts: list[str], asked: str) -> None:
    texts = [*texts, f"{asked} {' '.join(texts)}", asked.upper()]
    try:
        query = parse_query(asked)
    except UsageError:
        return
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE words USING fts5(subject, body, content='', columnsize=0, tokenize='ascii')")
    words = [words_of(text) for text in texts]
    for number, each in enumerate(words):
        database.execute("INSERT INTO words(rowid, subject, body) VALUES (?, ?, ?)", (number, each, words[number - 1]))
    found = database.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid", (query.expression,))
    scanned = [(number,) for number, each in enumerate(words) if query.matches(each, words[number - 1])]
    assert found.fetchall() == scanned
    database.close()


def test_spans_are_those_of_the_words() -> None:
    text = "The Párser of pars_er"
    assert [text[begin:end] for begin, end in parse_query("parser er").spans(text)] == ["Párser", "er"]
    assert list(parse_query("x").spans(text)) == []
