"""Every message of the corpus, and tricks with files, through the values that a browser gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from amq.errors import AmqError
from tests.hostile.messages import corpus
from tests.hostile.showing import SECRET, forbidden
from tests.hostile.test_tricks import ALL
from tests.hostile.tricks import play
from tests.page.served import queue_view
from tests.samples import message_file
from tests.seeds import sample

if TYPE_CHECKING:
    from amq.page.queue_view import QueueView
    from tests.conftest import Shell


def _shown(view: QueueView) -> tuple[list[str], list[str]]:
    """Return the subjects that a browser gets, and all text with them."""
    values = [json.loads(each) for each in view.events().values()]
    items = view.questions["messages"]({"count": "4000"})["items"]
    values.append(items)
    asked = [(question, {"key": item["key"]}) for item in items for question in ("message", "thread")]
    for question, of in (*asked, ("search", {"words": "good"})):
        try:
            values.append(view.questions[question](of))
        except AmqError as error:  # the mailbox cannot be looked into
            values.append(str(error))
    return [each["id"] for each in items], _texts(values)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    return [text for part in value for text in _texts(part)] if isinstance(value, list) else []


def test_messages(amq: Shell) -> None:
    for number, (_, data) in enumerate(sample(list(corpus()), 60, of="corpus for the page")):
        identifier = f"h{number:04}"
        amq.put(f"{identifier}.md", data.replace(b'"ID"', json.dumps(identifier).encode()))
    amq.put("good.md", message_file(b"the good one\n", id="good"))
    ids, texts = _shown(queue_view(amq.root))
    assert "good" in ids
    assert len(ids) > 10
    assert forbidden("".join(texts)) == set()


@pytest.mark.parametrize(
    ("place", "path", "kind"), sample(ALL, 8, of="tricks for the page"), ids=lambda each: str(each).replace("/", " ")
)
def test_tricks(amq: Shell, place: str, path: str, kind: str) -> None:
    amq.put("good.md", message_file(b"the good one\n", id="good"))
    view = queue_view(amq.root)
    view.events()
    play(amq.root, path, kind)
    ids, texts = _shown(view)
    assert "good" in ids or " itself" in place
    assert SECRET not in "".join(texts)
    assert forbidden("".join(texts)) == set()
