"""Names and words with a meaning in another program's language, for tests that pass them on."""

from __future__ import annotations

import os
import sys

from hypothesis import strategies as st

PIECES = (
    "#(touch RUN)", "#S", "##", "#", "#{pane_id}", "#[", "#[x]", "##[x]", "#,", "%Y", "%%", "$(touch RUN)",
    "`touch RUN`", "$HOME", "${x}", "~", "*", "?", "!", "!!", "&", "|", ">", "<", "(", ")", "{", "}", ",", "=", "@",
    ":", ".", "'", '"', "\\", "\\'", "\\\\", "\\n", "\\c", "\\0", "\\;", ";", " ", "\t", "\n", "\r", "-", "--", "-x",
    "^", "^M", "\x1b[31m", "\x1b]0;t\x07", "\x7f", "\x9b", "é", "世", "\u202e", "\u200d", "\udcff", "\udc80\udcfe",
    "<b>", "&amp;",
)  # fmt: skip
"""Surrogates stand for bytes that are not UTF-8, as in a path from the system."""

AWKWARD_DIRECTORIES: tuple[str, ...] = (
    "p#(touch RUN)x", "C#S", "C##S", "a#[b]", "a##[b]", "a###[b]", "end#", "end;", "end\\;", ";", "d%Y-%m",
    "it's", 'a"b', "a$HOME`id`$(id)", "a\\b", "end\\", " a  b ", "-leading", "li\nne\n", "tab\t", "co:lon.dot",
    "世界 é", "bytes\udcff\udc80", "esc\x1b[31m\x1b]0;t\x07", "del\x7f", "\u202egnp", "{,}&|<>*?!~",
)  # fmt: skip

if sys.platform == "darwin":  # whose filesystems hold no name that is not UTF-8
    AWKWARD_DIRECTORIES = tuple(name for name in AWKWARD_DIRECTORIES if "\udcff" not in name)

words = st.lists(st.sampled_from(PIECES) | st.binary(min_size=1, max_size=3).map(os.fsdecode), max_size=8).map(
    lambda pieces: os.fsdecode(os.fsencode("".join(pieces).replace("\0", "0")))
)
"""Any word that a program can be given."""

names = words.map(lambda word: _as_name(word.replace("/", "_").strip(".") or "x"))
"""Any name of a directory."""


def _as_name(word: str) -> str:
    return word.encode(errors="replace").decode() if sys.platform == "darwin" else word
