"""Instants as whole nanoseconds since the epoch, and their text form (RFC 3339). Pure: the clock is the caller's."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

SECOND = 1_000_000_000
MILLISECOND = 1_000_000

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?", re.ASCII)


def parse_instant(text: str) -> int:
    """Nanoseconds since the epoch of an RFC 3339 time; raises ValueError. Digits past the ninth are dropped."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    # 60 is a leap second: RFC 3339 allows it, and it is the first instant of the next minute
    if hour > "23" or minute > "59" or second > "60":
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    seconds = _days(int(year), int(month), int(day)) * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    if sign:
        if int(zone_hours) > 23 or int(zone_minutes) > 59:
            raise ValueError(f"not an RFC 3339 time: {text!r}")
        offset = int(zone_hours) * 3600 + int(zone_minutes) * 60
        seconds -= offset if sign == "+" else -offset
    return seconds * SECOND + int((fraction or "0")[:9].ljust(9, "0"))


@lru_cache(maxsize=64)
def _days(year: int, month: int, day: int) -> int:
    """Days since the epoch; cached because the messages of an inbox share few of them."""
    return (date(year, month, day) - _EPOCH.date()).days


def format_instant(nanoseconds: int) -> str:
    """RFC 3339 in UTC with `Z`, as many fraction digits as are needed and at most nine."""
    whole, fraction = divmod(nanoseconds, SECOND)
    digits = f".{fraction:09}".rstrip("0").rstrip(".")
    return f"{_utc(whole):%Y-%m-%dT%H:%M:%S}{digits}Z"


def format_seconds(nanoseconds: int) -> str:
    """The same to the second below."""
    return f"{_utc(nanoseconds // SECOND):%Y-%m-%dT%H:%M:%S}Z"


def format_compact(nanoseconds: int) -> str:
    """The form that stands in message ids: no colons, always three millisecond digits."""
    whole, fraction = divmod(nanoseconds, SECOND)
    return f"{_utc(whole):%Y-%m-%dT%H-%M-%S}.{fraction // MILLISECOND:03}Z"


def _utc(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def parse_duration(text: str) -> float:
    """Seconds of `250ms`, `60s`, `5m`, `36h`, `1m30s`, or a bare number of seconds; raises ValueError."""
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return float(text)
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"not a duration: {text!r}")
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
