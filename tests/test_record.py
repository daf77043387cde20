"""Records behave as frozen dataclasses do, as far as they are used."""

from __future__ import annotations

from typing import Any

import pytest

from amq.record import FEW, record, replace


@record
class Point:
    x: int
    y: int = 0


def point() -> Any:
    """Return a class of records of which no value has been made."""

    @record
    class Point:
        x: int
        y: int = 0

    return Point


def test_fields_are_given_by_position_or_name_and_have_defaults() -> None:
    assert (Point(1).x, Point(1).y, Point(x=1, y=2).y) == (1, 0, 2)


def test_equality_hash_and_repr_are_those_of_the_fields() -> None:
    assert Point(1, 2) == Point(1, 2) != Point(2, 1)
    assert Point(1, 2) != (1, 2)  # type: ignore[comparison-overlap]
    assert hash(Point(1, 2)) == hash(Point(1, 2))
    assert repr(Point(1)) == "Point(x=1, y=0)"


@record
class Noted:
    NOT_COMPARED = ("note",)

    x: int
    note: str = ""


def test_a_field_that_is_not_compared_counts_for_nothing_else_than_itself() -> None:
    assert Noted(1, "a") == Noted(1, "b") != Noted(2, "a")
    assert hash(Noted(1, "a")) == hash(Noted(1, "b"))
    assert replace(Noted(1, "a"), x=2).note == "a"
    assert repr(Noted(1, "a")) == "Noted(x=1, note='a')"


def test_a_value_cannot_be_changed_but_replaced() -> None:
    point = Point(1, 2)
    with pytest.raises(AttributeError, match="make another"):
        point.x = 3  # type: ignore[misc]
    assert replace(point, x=3) == Point(3, 2)
    assert point == Point(1, 2)


@pytest.mark.parametrize(
    ("values", "fields"), [((), {}), ((), {"x": 1, "z": 2}), ((1,), {"x": 2}), ((1, 2, 3), {}), ((), {"y": 2})]
)
def test_missing_and_unknown_and_doubled_fields_are_refused(values: tuple[int, ...], fields: dict[str, int]) -> None:
    made = point()
    with pytest.raises(TypeError):
        made(*values, **fields)


def test_the_first_values_are_as_those_of_the_compiled_initialiser() -> None:
    made = point()
    values = [made(y=number, x=1) for number in range(FEW + 2)]
    assert [value.y for value in values] == list(range(FEW + 2))
    assert {repr(replace(value, y=0)) for value in values} == {"Point(x=1, y=0)"}
    assert {hash(replace(value, y=0)) for value in values} == {hash(Point(1, 0))}
    assert "defaults" in made.__init__.__globals__, "it is compiled by now"
