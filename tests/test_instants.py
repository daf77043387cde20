"""Times and durations as text."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.instants import (
    SECOND_NS,
    format_compact,
    format_instant,
    format_milliseconds,
    format_seconds,
    parse_duration,
    parse_instant,
)

NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()) * SECOND_NS


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0, "2026-03-01T12:00:00Z"),
        (1, "2026-03-01T12:00:00.000000001Z"),
        (328_994_770, "2026-03-01T12:00:00.32899477Z"),
        (500_000_000, "2026-03-01T12:00:00.5Z"),
        (999_999_999, "2026-03-01T12:00:00.999999999Z"),
    ],
)
def test_created_has_as_many_digits_as_it_needs(fraction: int, text: str) -> None:
    assert format_instant(NOON + fraction) == text
    assert parse_instant(text) == NOON + fraction


def test_the_other_forms_cut_off_and_never_round_up() -> None:
    assert format_seconds(NOON + 999_999_999) == "2026-03-01T12:00:00Z"
    assert format_milliseconds(NOON + 999_999_999) == "2026-03-01T12:00:00.999Z"
    assert format_compact(NOON + 999_999_999) == "2026-03-01T12-00-00.999Z"


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2026-03-01t12:00:00z", NOON),
        ("2026-03-01T14:30:00+02:30", NOON),
        ("2026-03-01T11:00:00.25-01:00", NOON + SECOND_NS // 4),
        ("2026-03-01T12:00:00-00:00", NOON),
        ("2026-03-01T12:00:00.1234567899Z", NOON + 123_456_789),
        ("2026-03-01T11:59:60Z", NOON),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.5Z", -SECOND_NS // 2),
    ],
)
def test_rfc3339_is_read(text: str, nanoseconds: int) -> None:
    assert parse_instant(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01 12:00:00Z", "2026-3-1T12:00:00Z",
        "2026-02-29T12:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z", "2026-03-01T12:00:61Z",
        "2026-03-01T12:00Z", "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00+0100", "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+01:60", "0000-01-01T00:00:00Z", "٢026-03-01T12:00:00Z", "2026-03-01T12:00:00Z\n",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)


@pytest.mark.parametrize("text", ["2026-01-11T19:45:10.674Z", "2026-01-11t23:59:60z", "2026-01-11T19:45:10-02:30"])
def test_one_character_makes_another_time_or_none(text: str) -> None:
    edits = [text[:at] + each + rest for at in range(len(text)) for each in "0123567:.-+TZz \n٣" for rest in (
        text[at + 1 :], text[at:],
    )]  # fmt: skip
    for edited in (*edits, *(text[:at] + text[at + 1 :] for at in range(len(text)))):
        try:
            parse_instant(edited)
        except ValueError as error:
            assert RFC3339.fullmatch(edited) is None or "not a date" in str(error), edited
        else:
            assert RFC3339.fullmatch(edited), edited


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_an_instant_survives_its_text(nanoseconds: int) -> None:
    assert parse_instant(format_instant(nanoseconds)) == nanoseconds


@given(st.text())
def test_parsing_raises_nothing_but_value_error(text: str) -> None:
    for parse in (parse_instant, parse_duration):
        try:
            parse(text)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25), ("60s", 60), ("5m", 300), ("36h", 129_600), ("1m30s", 90), ("90", 90), ("0", 0), ("0s", 0),
        ("1.5", 1.5), ("1.5s", 1.5), ("1h2m3s4ms", 3723.004),
    ],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "s", "5 m", "-5s", "5d", "5s5m", "1.5h", ".", "٣s", "1e3", "inf", "nan", "5m\n", "9" * 13, f"{'9' * 400}h"],
)
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_calendar_is_that_of_the_standard_library(moment: datetime) -> None:
    text = moment.isoformat().replace("+00:00", "Z")
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert parse_instant(text) == microseconds * 1000
    assert parse_instant(format_instant(microseconds * 1000)) == microseconds * 1000


@given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
def test_a_date_that_is_in_no_calendar_is_refused(year: int, month: int, day: int) -> None:
    try:
        date(year, month, day)
    except ValueError:
        with pytest.raises(ValueError):
            parse_instant(f"{year:04}-{month:02}-{day:02}T00:00:00Z")
    else:
        assert parse_instant(f"{year:04}-{month:02}-{day:02}T00:00:00Z") % (86_400 * SECOND_NS) == 0
