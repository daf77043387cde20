"""The record of a run as tables and a picture, in docs/comparison.md, comparison.json and comparison.svg."""

from __future__ import annotations

import json
from pathlib import Path

from figures import MOMENTS
from measure import percentile
from picture import FAINT, INK, MET, MISSED, stroke, svg, text
from report import DOCS, Record, between, cells

BEGIN = "<!-- written by make peers -->\n"
CLIS = {"claude": "Claude Code", "codex": "Codex"}

SHOWN_MS = 1200.0
"""Milliseconds at which a bar of the picture is cut off."""


def line(result: Record) -> str:
    """Return a result as a line of text."""
    took = result["took_ms"]
    times = [f"p{percent} {percentile(took, percent):.0f} ms" for percent in (50, 99) if took]
    said = (*times, f"lost {result['lost']}", *(f"{name}: {_counts(seen)}" for name, seen in result["moments"].items()))
    return f"{result['way']}, {result['cli']}: {', '.join(said)} {result['error']}"


def markdown(record: Record) -> str:
    """Return the text between the marks of docs/comparison.md."""
    made = record["machine"]
    said = ", ".join(f"{name} {_version(version)}" for name, version in record["versions"].items())
    out = [f"{record['date']}. {made['processor']}; {made['system']}; load {made['load']} when it began. {said}."]
    out += [f"Left out: {name}: {why}." for name, why in record["left_out"].items()]
    out += ["", "![Time from the start of the send to the model's request](comparison.svg)", ""]
    out += [*_costs(record), "", *_moments(record)]
    return "\n".join(out) + "\n"


def _version(said: str) -> str:
    words = said.split()
    return next((word.strip("()v,") for word in words if word.strip("(v")[:1].isdigit()), said)


def _costs(record: Record) -> list[str]:
    costs = ("requests a mail", "characters a mail", "a send takes", "its CPU", "memory", "processes", "set-up")
    head = ("way", "CLI", "p50", "p99", "lost", *costs)
    rows = [cells(head), cells(["---"] * len(head))]
    for cli, (memory, processes) in record["alone"].items():
        rows.append(cells(("the CLI alone", CLIS[cli], *["–"] * 7, f"{memory:.0f} MB", str(processes), "–")))
    for each in record["results"]:
        if not each["took_ms"]:
            rows.append(cells((each["way"], CLIS[each["cli"]], *["–"] * 9, "did not work")))
            continue
        took = each["took_ms"]
        rows.append(cells((
            each["way"], CLIS[each["cli"]], f"{percentile(took, 50):.0f} ms", f"{percentile(took, 99):.0f} ms",
            f"{each['lost']} of {each['lost'] + len(took)}", f"{each['requests_a_mail']:.1f}",
            f"{each['characters_a_mail']:.0f}", f"{each['send_ms']:.0f} ms", f"{each['cpu_ms']:.0f} ms",
            f"{each['private_mb']:.0f} MB", str(each["processes"]), f"{each['set_up_s']:.1f} s",
        )))  # fmt: skip
    return rows


def _moments(record: Record) -> list[str]:
    head = ("way", "CLI", *MOMENTS)
    rows = [cells(head), cells(["---"] * len(head))]
    for each in record["results"]:
        found = [_counts(each["moments"].get(moment, {})) for moment in MOMENTS]
        rows.append(cells((each["way"], CLIS[each["cli"]], *found)))
    return rows


def _counts(seen: dict[str, int]) -> str:
    total = sum(seen.values())
    return "; ".join(f"{what} ({count} of {total})" for what, count in sorted(seen.items())) or "not measured"


def picture(record: Record) -> str:
    """Return a bar for each way and CLI: half of the messages within the dark part, 99 of 100 within the light one."""
    rows = [each for each in record["results"] if each["took_ms"]]
    left, step, wide = 230, 26, 420
    high = step - 8

    def length(took_ms: float) -> float:
        return wide * min(1.0, max(0.0, took_ms) / SHOWN_MS)

    parts = [text(left, 22, "ms from the start of the send to a request that holds the message: p50, and p99 in grey")]
    for number, each in enumerate(rows):
        y = 34 + step * number
        half, nearly = (each["send_ms"] + percentile(each["took_ms"], percent) for percent in (50, 99))
        bad = any(not what.startswith("kept, delivered") for seen in each["moments"].values() for what in seen)
        colour = MISSED if bad else MET
        parts += [
            text(left - 8, y + 16, f"{each['way']}, {CLIS[each['cli']]}", anchor="end"),
            f'<rect x="{left}" y="{y + 4}" width="{length(nearly):.1f}" height="{high}" fill="{FAINT}"/>',
            f'<rect x="{left}" y="{y + 4}" width="{length(half):.1f}" height="{high}" fill="{colour}"/>',
            text(left + wide + 10, y + 16, f"{half:,.0f}   ({nearly:,.0f})"),
        ]
    foot = 34 + step * len(rows)
    parts += [
        stroke(left, 30, left, foot, INK),
        text(
            left, foot + 20, "green: a draft, a dialog, a question, a streaming answer were kept, and each message came"
        ),
        text(left, foot + 38, "red: at one of these moments something else happened; the table says what"),
    ]
    return svg(left + wide + 140, foot + 50, parts)


def with_tables(page: str, record: Record) -> str:
    """Return the text of docs/comparison.md with the tables of RECORD between the marks."""
    return between(page, BEGIN, markdown(record))


def write(record: Record, docs: Path = DOCS) -> None:
    """Put RECORD into docs/comparison.md, keep it beside that page, and draw its picture."""
    page = docs / "comparison.md"
    page.write_text(with_tables(page.read_text(), record))
    (docs / "comparison.svg").write_text(picture(record))
    (docs / "comparison.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
