"""The page's HTML, in two forms: as the server sends it, with its parts beside it, and as one file with data in it."""

from __future__ import annotations

import json
from importlib.resources import files

from amq.page import policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

SCRIPTS = ("dom.js", "live.js", "stored.js", "agents.js", "messages.js", "compose.js", "main.js")
"""The scripts, in the order in which they are loaded: the last one starts the page."""
STYLE = "page.css"
MARK = '<meta name="generator" content="amq export">'
"""A line at the beginning of an exported page, which no other file has."""
_DATA = "\0"
_PARTS = ("policy", "style", "data", "scripts")


def asset(name: str) -> str:
    """Return one of the page's files."""
    return files("amq.page").joinpath("assets", name).read_text(encoding="utf-8")


def served() -> str:
    """Return the page as the server sends it: its policy is in a header, and its parts have addresses."""
    return _filled(
        policy="",
        style=f'<link rel="stylesheet" href="/{STYLE}">',
        data="",
        scripts="\n".join(f'<script src="/{name}"></script>' for name in SCRIPTS),
    )


def with_data(data: Iterable[str]) -> Iterator[str]:
    """Yield the parts of the page as one file, which opens without a server. DATA are parts of `as_data`'s form."""
    style, scripts = asset(STYLE), [asset(name) for name in SCRIPTS]
    before, _, after = _filled(
        policy=f'{MARK}\n<meta http-equiv="Content-Security-Policy" content="{policy.of_a_file(scripts, style)}">',
        style=f"<style>{style}</style>",
        data=f'<script type="application/json" id="data">{_DATA}</script>',
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    ).partition(_DATA)
    yield before
    yield from data
    yield after


def as_data(value: Any) -> str:
    """Return VALUE as JSON that cannot end the element it is in, nor begin another: it has no `<`, `>` or `&`."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _filled(**parts: str) -> str:
    """Return the page with PARTS at their places; what one of them contains is never taken for a place."""
    text, filled = asset("page.html"), ""
    for name in _PARTS:
        before, _, text = text.partition(f"<!-- {name} -->")
        filled += before + parts[name]
    return filled + text
