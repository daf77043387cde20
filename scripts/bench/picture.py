"""Two pictures of a record, as SVG: the share of its goal that each figure takes, and how the commands grow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

INK, FAINT, MET, MISSED = "#24292f", "#d0d7de", "#2da44e", "#cf222e"
COLOURS = ("#0969da", "#bf3989", "#9a6700", "#1a7f37", "#8250df", "#cf222e", "#0a7ea4")
LEFT, STEP, GOAL, MOST = 390, 24, 190, 2.0  # MOST: the share at which a bar is cut off
LINE = 14  # between two lines of text


def text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK) -> str:
    """Return WORDS at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def stroke(x: float, y: float, to_x: float, to_y: float, colour: str = FAINT) -> str:
    """Return a straight line."""
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"/>'


def svg(width: float, height: float, parts: Iterable[str]) -> str:
    """Return the whole picture, on its own ground, so that it can be read on a dark page too."""
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="13">\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f"{inside}\n</svg>\n"
    )


def figures(found: list[dict[str, Any]]) -> str:
    """Return a bar for each figure that has a goal: the share it takes of the limit. One line is the goal of all."""
    rows = [each for each in found if each["share"] is not None]
    height = 50 + STEP * len(rows)

    def x(share: float) -> float:
        return LEFT + GOAL * min(share, MOST)

    parts = [text(x(1), 20, "goal", anchor="middle"), text(LEFT - 8, 20, "as a share of what is allowed", anchor="end")]
    for number, each in enumerate(rows):
        y = 30 + STEP * number
        width, colour = max(1.0, x(each["share"]) - LEFT), MET if each["met"] else MISSED
        parts += [
            text(LEFT - 8, y + 15, each["what"].replace("`", ""), anchor="end"),
            f'<rect x="{LEFT}" y="{y + 3}" width="{width:.1f}" height="{STEP - 6}" fill="{colour}"/>',
            text(x(MOST) + 12, y + 15, f"{each['value']:.3g} {each['unit']}".replace("`", "")),
        ]
    return svg(x(MOST) + 220, height, [*parts, stroke(x(1), 26, x(1), height - 16, INK)])


def growth(found: Mapping[str, Mapping[Any, float]]) -> str:
    """Plot processor time over the number of messages, both in powers of ten.

    A dashed line grows as the number does.
    """
    points = {name: [(float(size), value) for size, value in values.items()] for name, values in found.items()}
    every = [point for values in points.values() for point in values] or [(1.0, 1.0)]
    right, top = (math.ceil(math.log10(max(each[axis] for each in every)) + 0.01) for axis in (0, 1))

    def place(size: float, value: float) -> tuple[float, float]:
        return 60 + 110 * math.log10(size), 20 + 80 * (top - math.log10(value))

    (left, low), (end, high) = place(1, 1), place(10**right, 10**top)
    parts = [text(left, low + 38, "messages in the inbox"), text(left + 8, high + 14, "× pass (CPU)")]
    for power in range(right + 1):
        parts += [stroke(place(10**power, 1)[0], low, place(10**power, 1)[0], high)]
        parts += [text(place(10**power, 1)[0], low + 18, f"{10**power:,}", anchor="middle")]
    for power in range(top + 1):
        y = place(1, 10**power)[1]
        parts += [stroke(left, y, end, y), text(left - 6, y + 4, f"{10**power:,}", anchor="end")]
    lines, label = zip(COLOURS, points.items(), strict=False), 0.0
    for colour, (name, values) in sorted(lines, key=lambda line: -line[1][1][-1][1]):  # from the top
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in values))
        x, y = place(*values[-1])
        parts += [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
        label = max(y + 4, label + LINE)  # below the one above
        parts += [text(x + 6, label, name, colour=colour)]
    (a, b), (c, d) = place(10 ** (right - top), 1), place(10**right, 10**top)
    parts.append(f'<path d="M{a:.1f},{b:.1f} L{c:.1f},{d:.1f}" stroke="{INK}" stroke-dasharray="4 4"/>')
    return svg(end + 80, low + 50, parts)
