"""Name what tests need from npm besides agents' CLIs: files that are read, and never run as programs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Library:
    """One pinned version of a package, and the file of it that is used; SHA256 is that file's."""

    package: str
    version: str
    file: str
    sha256: str

    def directory(self, cache: Path) -> Path:
        """Return the directory this version is installed in."""
        return cache / f"{self.package}-{self.version}"

    def path(self, cache: Path) -> Path:
        """Return the path of the file."""
        return self.directory(cache) / "node_modules" / self.package / self.file

    def is_installed(self, cache: Path) -> bool:
        """Return whether the right file is there."""
        path = self.path(cache)
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


AXE = Library("axe-core", "4.14.1", "axe.min.js", "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c")
"""Finds what people who cannot see a page well, or use no mouse, cannot use of it."""
LIBRARIES = (AXE,)
