"""The words of a text, and the terms of a search for them. Pure.

Words are defined here alone: the index stores what `words_of` returns, and a scan looks for terms in the same text, so
both find the same messages. A word is a run of letters and digits, at most LONGEST_WORD of them, in any case and
without accents. A Han or Kana character is a word of its own, as its language puts no blanks between words.
"""

from __future__ import annotations

import re

from amq.errors import UsageError
from amq.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST_WORD = 64
MOST_TERMS = 50
_SINGLE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = rf"[{_SINGLE}]|[^\W_{_SINGLE}]{{1,{LONGEST_WORD}}}"
_ASCII_WORD = rf"[a-z0-9]{{1,{LONGEST_WORD}}}"
_ACCENTS = "[\u0300-\u036f]+"
_TERM = r'"([^"]*)"?(\*?)|([^\s"]+)'
_CHUNK = rf"(?:[^\W_]|{_ACCENTS})+"
"""Text that may be one word or several; its words are those of the text around it."""


def words_of(text: str) -> str:
    """Return the words of TEXT, each with a blank before it, and one behind the last."""
    return f" {' '.join(_words(text))} "


def _words(text: str) -> list[str]:
    if text.isascii():
        return re.findall(_ASCII_WORD, text.lower())
    from unicodedata import normalize

    plain = normalize("NFKC", re.sub(_ACCENTS, "", normalize("NFKD", text))).casefold()
    return re.findall(_WORD, plain)


@record
class Term:
    """Words that follow each other; with `is_prefix` the last one may go on."""

    words: Sequence[str]
    is_prefix: bool

    @property
    def needle(self) -> str:
        """The text that is in what `words_of` returns for a text that has the term."""
        return f" {' '.join(self.words)}{'' if self.is_prefix else ' '}"

    @property
    def expression(self) -> str:
        """The term in the query language of SQLite's FTS5."""
        return f'"{" ".join(self.words)}"{"*" if self.is_prefix else ""}'


@record
class Query:
    """Terms that a message must all have, each in its subject or its body."""

    terms: Sequence[Term]

    @property
    def expression(self) -> str:
        """The query in the query language of SQLite's FTS5."""
        return " ".join(term.expression for term in self.terms)

    def matches(self, *texts: str) -> bool:
        """Return whether each term is in one of TEXTS, which `words_of` has returned."""
        return all(any(term.needle in text for text in texts) for term in self.terms)

    def is_partly_in(self, text: str) -> bool:
        """Return whether TEXT has one of the terms."""
        words = words_of(text)
        return any(term.needle in words for term in self.terms)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where TEXT has words of the terms, as begin and end, in order; for highlighting."""
        for chunk in re.finditer(_CHUNK, text):
            words = words_of(chunk.group())
            if any(self._has(term, words) for term in self.terms):
                yield chunk.span()

    @staticmethod
    def _has(term: Term, words: str) -> bool:
        *firsts, last = term.words
        return f" {last}{'' if term.is_prefix else ' '}" in words or any(f" {word} " in words for word in firsts)


def parse_query(text: str) -> Query:
    """Return the query that a user wrote as TEXT: words, phrases in double quotes, `wor*` for words that begin so.

    Raises UsageError for one without words, or with too many.
    """
    terms = []
    for phrase, star, word in re.findall(_TERM, text):
        words = _words(phrase or word)
        if words:
            terms.append(Term(tuple(words), bool(star) or word.endswith("*")))
    if not terms:
        raise UsageError("there is no word to search for", hint="amq search parser, amq search '\"exact words\"' pars*")
    if len(terms) > MOST_TERMS:
        raise UsageError(f"more than {MOST_TERMS} words to search for", hint="leave some out")
    return Query(tuple(terms))
