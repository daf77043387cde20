#!/usr/bin/env python3
"""Check the subject of a commit message, as CONTRIBUTING.md asks for it: `scripts/check-subject.py FILE`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

MAX_CHARS = 72
SHAPE = re.compile(r"[a-z0-9][\w./, -]*: [a-z].*[^.\s]")
"""Shape of a subject: an area, and the change: lower case, no full stop."""
BY_GIT = ("Merge ", 'Revert "', "fixup! ", "squash! ", "amend! ")
"""Openings of the subjects that git itself writes; these may have any length."""


def subject_of(message: str) -> str:
    """Return the first line that is neither empty nor a comment."""
    return next((line for line in message.splitlines() if line.strip() and not line.startswith("#")), "")


def fault(subject: str) -> str:
    """Return the fault of SUBJECT; empty if there is none."""
    if subject.startswith(BY_GIT):
        return ""
    if not SHAPE.fullmatch(subject):
        return "not of the form `area: imperative`, such as `drain: show what fits`, without a full stop"
    if len(subject) > MAX_CHARS:
        return f"{len(subject)} characters, of {MAX_CHARS} at most"
    return ""


def main(path: str) -> str | int:
    """Return the exit status, or the text to print before status 1."""
    subject = subject_of(Path(path).read_text(encoding="utf-8", errors="replace"))
    found = fault(subject)
    return f"{subject}\n  {found}" if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
