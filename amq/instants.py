"""Instants as whole nanoseconds since the epoch, and their text form (RFC 3339). Pure: the caller passes the time."""

from __future__ import annotations

import re
import time
from functools import lru_cache

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000
_LONGEST = 1e9  # seconds, thirty years: a longer duration is a typo, and some are too large to wait for
_FIRST_DAY = 719_163  # 1970-01-01, counted from 0001-01-01 as 1
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_TO_SHAPE = str.maketrans("123456789tz", "000000000TZ")
_SHAPES = {f"0000-00-00T00:00:00{zone}" for zone in ("Z", "+00:00", "-00:00")}
"""The forms of an RFC 3339 time without its fraction. To compile a pattern of it costs each short command 0.05 of
`python -c pass`.
"""
_DURATION = r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?"


def parse_instant(text: str) -> int:
    """Return an RFC 3339 time as nanoseconds since the epoch; raises ValueError. Digits after the ninth are dropped."""
    zone = text[-1:] if text[-1:] in ("Z", "z") else text[-6:]
    when, fraction = text[:19], text[19 : len(text) - len(zone)]
    digits = fraction[1:]
    if (
        (when + zone).translate(_TO_SHAPE) not in _SHAPES
        or (fraction and not (fraction[0] == "." and digits.isdecimal() and digits.isascii()))
        or not (when[11:13] < "24" and when[14:16] < "60" and when[17:] <= "60")
        or not (zone[1:3] < "24" and zone[4:] < "60")
    ):
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    # the second 60 is a leap second: RFC 3339 allows it, and it is the first instant of the next minute
    seconds = _days(when[:10]) * 86_400 + int(when[11:13]) * 3600 + int(when[14:16]) * 60 + int(when[17:])
    if len(zone) > 1:
        offset = int(zone[1:3]) * 3600 + int(zone[4:]) * 60
        seconds -= offset if zone[0] == "+" else -offset
    return seconds * SECOND_NS + int(digits[:9].ljust(9, "0"))


@lru_cache(maxsize=64)
def _days(date: str) -> int:
    """Return the days from the epoch to a date such as 2026-03-01; raises ValueError for an impossible date.

    Cached because the messages of an inbox share few dates. Written by hand because importing `datetime` costs a short
    command a tenth of `python -c pass`.
    """
    year, month, day = map(int, date.split("-"))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    months = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= months[month - 1]:
        raise ValueError(f"not a date: {date!r}")
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 + sum(months[: month - 1]) + day - _FIRST_DAY


def format_instant(nanoseconds: int) -> str:
    """Return an instant as RFC 3339 in UTC with `Z` and up to nine fraction digits, without trailing zeros."""
    whole, fraction = divmod(nanoseconds, SECOND_NS)
    digits = f".{fraction:09}".rstrip("0").rstrip(".")
    return f"{_utc(whole)}{digits}Z"


def format_seconds(nanoseconds: int) -> str:
    """Return an instant as RFC 3339 in UTC with `Z`, rounded down to the second."""
    return f"{_utc(nanoseconds // SECOND_NS)}Z"


def format_milliseconds(nanoseconds: int) -> str:
    """RFC 3339 in UTC with `Z`, always three fraction digits."""
    whole, fraction = divmod(nanoseconds, SECOND_NS)
    return f"{_utc(whole)}.{fraction // MILLISECOND_NS:03}Z"


def format_compact(nanoseconds: int) -> str:
    """Return an instant in the form used in message ids: no colons, always three millisecond digits."""
    whole, fraction = divmod(nanoseconds, SECOND_NS)
    return f"{_utc(whole).replace(':', '-')}.{fraction // MILLISECOND_NS:03}Z"


@lru_cache(maxsize=1)
def _utc(seconds: int) -> str:
    """Return a UTC time without fraction; cached because a message has its time twice, in id and header."""
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*time.gmtime(seconds))


def largest_unit(seconds: float) -> tuple[int, str]:
    """Return an age in its largest unit, rounded down, and that unit: d, h, m or s, as `parse_duration` takes it."""
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return int(seconds // length), unit
    return int(seconds), "s"


def short_age(seconds: float) -> str:
    """Return an age in its largest unit, rounded down, such as `3h`."""
    count, unit = largest_unit(seconds)
    return f"{count}{unit}"


def age(seconds: float) -> str:
    """Return an age in its largest unit, rounded down, such as `3 min`."""
    count, unit = largest_unit(seconds)
    return f"{count} {'min' if unit == 'm' else unit}"


def local_time(instant_ns: int, now_ns: int) -> str:
    """Return the local time of an instant, as exact as a reader needs it: today, this year, or before."""
    then, now = time.localtime(instant_ns // SECOND_NS), time.localtime(now_ns // SECOND_NS)
    minute = f"{then.tm_hour:02}:{then.tm_min:02}"
    if then[:3] == now[:3]:
        return f"{minute}:{then.tm_sec:02}"
    if then.tm_year == now.tm_year:
        return f"{_MONTHS[then.tm_mon - 1]} {then.tm_mday} {minute}"
    return f"{then.tm_year:04}-{then.tm_mon:02}-{then.tm_mday:02}"


def parse_duration(text: str) -> float:
    """Return the seconds in `250ms`, `60s`, `5m`, `36h`, `1m30s`, or a bare number of seconds, up to thirty years.

    Raises ValueError.
    """
    total = _seconds(text)
    if total > _LONGEST:
        raise ValueError(f"too long: {text!r}")
    return total


def _seconds(text: str) -> float:
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return float(text)
    match = re.fullmatch(_DURATION, text, re.ASCII)
    if not text or match is None:
        raise ValueError(f"not a duration: {text!r}")
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
