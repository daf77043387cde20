"""Records behave as frozen dataclasses do, as far as they are used."""

from __future__ import annotations

import pytest

from amq.record import record, replace


@record
class Point:
    x: int
    y: int = 0


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


@pytest.mark.parametrize("fields", [{}, {"x": 1, "z": 2}])
def test_missing_and_unknown_fields_are_refused(fields: dict[str, int]) -> None:
    with pytest.raises(TypeError):
        Point(**fields)
