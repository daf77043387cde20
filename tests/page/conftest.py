"""One browser for all tests of the page: to start one takes a second."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.page.browser import Browser, missing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser without a window."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            missing(program)
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()
