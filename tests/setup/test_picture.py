"""`scripts/picture.py`: the contents of a terminal become a picture. `tests/real` has such runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as Xml

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def picture() -> ModuleType:
    spec = importlib.util.spec_from_file_location("picture", REPOSITORY / "scripts" / "picture.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_words_are_where_they_were_in_their_colours(picture: ModuleType) -> None:
    left = "\x1b[1;31mred\x1b[0m  a < b\n  \x1b[38;2;1;2;3m\x1b[7mturned\x1b[0m\n"
    svg = Xml.fromstring(picture.draw([left, "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\\n"]))
    texts = {text.text: text.attrib for text in svg if text.tag.endswith("text")}
    assert {"red", "a < b", "turned", "link", "amq run --as claude -- claude"} <= texts.keys()
    assert (texts["red"]["fill"], texts["red"]["font-weight"]) == (picture.COLOURS["red"], "bold")
    assert float(texts["a < b"]["x"]) - float(texts["red"]["x"]) == pytest.approx(5 * picture.CELL, abs=0.2)
    assert texts["turned"]["fill"] == picture.BACK
    assert any(each.get("fill") == "#010203" for each in svg if each.tag.endswith("rect"))


def test_the_picture_in_readme_shows_two_agents_that_are_given_mail() -> None:
    svg = Xml.parse(REPOSITORY / "docs" / "agents.svg").getroot()
    shown = " ".join(text.text or "" for text in svg)
    for sender in ("user", "claude", "codex"):
        assert f"amq: 1 message from {sender} given to the model: " in shown
    assert "amq: 1 new message from claude, attached." in shown
    assert (REPOSITORY / "docs" / "agents.svg").stat().st_size < 20_000
