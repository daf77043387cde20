"""Leased paths that have a file in common, and others."""

from __future__ import annotations

import re
import time
from itertools import product

import pytest

from amq.mail.path_patterns import overlap

TOGETHER = [
    ("src/a.py", "src/a.py"), ("src/", "src/a.py"), ("src/", "src/deep/a.py"), ("src/", "src/*.py"), ("src/", "src/"),
    ("./", "src/a.py"), ("./", "./"), ("**/*.py", "src/deep/a.py"), ("**/*.py", "a.py"), ("src/**", "src/a.py"),
    ("src/*.py", "src/a*"), ("*/a.py", "src/?.py"), ("**/test_*.py", "tests/**"), ("a/**/z", "a/z"), ("**/", "x/"),
    ("a/**/z", "a/b/c/z"), ("src", "src/a.py"), ("SRC/A.py", "src/a.py"), ("app/[id]/page.tsx", "app/[id]/*"),
    ("a*b", "*ab"),
]  # fmt: skip
APART = [
    ("src/a.py", "src/b.py"), ("src/", "source/a.py"), ("src", "source"), ("src/*.py", "src/a.c"), ("*.py", "src/a.py"),
    ("src/*.py", "src/deep/a.py"), ("**/*.py", "src/a.c"), ("a?", "a"), ("a/*/z", "a/z"), ("docs/", "src/**"),
    ("app/[id]/page.tsx", "app/i/page.tsx"), ("a*b", "c*"), ("src/*.py", "src/*.c"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_paths_with_a_file_in_common(one: str, other: str) -> None:
    assert overlap(one, other)
    assert overlap(other, one)


@pytest.mark.parametrize(("one", "other"), APART)
def test_paths_without_one(one: str, other: str) -> None:
    assert not overlap(one, other)
    assert not overlap(other, one)


def test_all_short_patterns_agree_with_a_search_for_a_common_name() -> None:
    texts = ["".join(each) for size in (1, 2, 3) for each in product("ab", repeat=size)]
    patterns = ["".join(each) for size in (1, 2, 3) for each in product("a*?", repeat=size)]
    patterns.remove("**")
    expressions = {each: re.compile(each.replace("?", ".").replace("*", ".*")) for each in patterns}
    matched = {each: {text for text in texts if expressions[each].fullmatch(text)} for each in patterns}
    for one, other in product(patterns, repeat=2):
        assert overlap(one, other) == bool(matched[one] & matched[other]), (one, other)


@pytest.mark.timeout(10)
def test_many_wildcards_end_in_time() -> None:
    since = time.monotonic()
    assert not overlap("/".join(["**", "a*a*a*"] * 60), "/".join(["**", "a*b*"] * 60) + "/b")
    assert time.monotonic() - since < 5
