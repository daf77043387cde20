"""A record as a table, for the terminal and for docs/performance.md.

A record is the output of `--json`: the machine, the figures as `Figure.record` gives them, the growth, the omissions.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import picture

DOCS = Path(__file__).resolve().parents[2] / "docs"
BEGIN, END = "<!-- written by make bench -->\n", "<!-- up to here -->\n"

Record = dict[str, Any]

HEAD = f"{'':<52}{'median':>9}  {'half are within':>17}  {'goal':>6}"


def number(value: float) -> str:
    """Return VALUE with three significant digits."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}" if abs(value) >= 0.01 else f"{value:.3f}"


def verdict(figure: Record) -> str:
    """Return in a word whether the goal is met."""
    return {True: "met", False: "not met", None: ""}[figure["met"]]


def spread(figure: Record) -> str:
    """Return the quartiles as text."""
    return f"{number(figure['low'])} – {number(figure['high'])}"


def beside(figure: Record) -> str:
    """Return the peers as text."""
    return ", ".join(f"{name} {number(value)}" for name, value in figure["beside"].items())


def line(figure: Record) -> str:
    """Return a figure as a line of text."""
    what = figure["what"].replace("`", "")
    text = f"{what:<52}{number(figure['value']):>9}  {spread(figure):>17}  {figure['goal']:>6}  {verdict(figure):<8}"
    return f"{text} {figure['unit']}" + (f"   ({beside(figure)})" if figure["beside"] else "")


def machine_lines(record: Record) -> Iterable[str]:
    """Yield the machine of the figures, and the omissions."""
    machine = record["machine"]
    if record["quick"]:
        yield "A quick run, with tiny numbers in place of those above: it says nothing of the speed."
    yield f"{machine['processor']}; {machine['system']}; {machine['filesystem']}; Python {machine['python']}."
    yield f"The load was {machine['load']} when it began."
    yield "; ".join(f"{name}: {said}" for name, said in record["versions"].items()) + "."
    if record["left_out"]:
        yield f"Left out: {'; '.join(record['left_out'])}."


def cells(words: Iterable[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(words)} |"


def markdown(record: Record) -> str:
    """Return the text between the marks of docs/performance.md."""
    head = ("what", "goal", "measured", "half are within", "values", "", "beside it", "unit")
    rows = [cells(head), cells(["---"] * len(head))]
    for each in record["figures"]:
        measured = (f"**{number(each['value'])}**", spread(each), str(each["values"]))
        rows.append(cells((each["what"], each["goal"], *measured, verdict(each), beside(each), each["unit"])))
    if record["growth"]:
        sizes = list(next(iter(record["growth"].values())))
        rows += ["", cells(["messages", *(f"{int(size):,}" for size in sizes)]), cells(["---"] * (len(sizes) + 1))]
        rows += [
            cells([f"`{name}`, × pass (CPU)", *map(number, found.values())]) for name, found in record["growth"].items()
        ]
    return "\n".join([f"{record['date']}. {' '.join(machine_lines(record))}", "", *rows]) + "\n"


def with_figures(text: str, record: Record) -> str:
    """Return the text of docs/performance.md with the tables of RECORD between the marks."""
    return between(text, BEGIN, markdown(record))


def between(page: str, begin: str, text: str) -> str:
    """Return PAGE with TEXT between the mark BEGIN and the next END, in place of what was there."""
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}\n{END}{rest.partition(END)[2]}"


def write(record: Record, docs: Path = DOCS) -> None:
    """Put RECORD into docs/performance.md, and draw its pictures."""
    page = docs / "performance.md"
    page.write_text(with_figures(page.read_text(), record))
    (docs / "figures.svg").write_text(picture.figures(record["figures"]))
    (docs / "growth.svg").write_text(picture.growth(record["growth"]))
