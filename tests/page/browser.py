"""A real browser without a window, from which nothing reaches another machine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.real.agents import cache_directory
from tests.real.libraries import AXE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webelement import WebElement

PHONE, DESK = (390, 844), (1200, 800)
SIZES = (PHONE, DESK)
WITHIN_S = 20
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,InterestFeedContentSuggestions",
    "--force-prefers-reduced-motion",
)  # fmt: skip


def missing(what: str) -> None:
    """Skip the test, or fail it where all must run."""
    (pytest.fail if os.environ.get("AMQ_REQUIRE_ALL") == "1" else pytest.skip)(f"needs {what}")


class Proxy:
    """A proxy that notes what it is asked for, and answers nothing. Chromium asks it for all but loopback."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(1000))

    def close(self) -> None:
        """Take no more requests."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Browser:
    """Chromium, driven through its own driver."""

    def __init__(self, place: Path) -> None:
        self.proxy = Proxy()
        options = ChromeOptions()
        for each in (*_OPTIONS, f"--proxy-server=127.0.0.1:{self.proxy.port}", f"--user-data-dir={place}"):
            options.add_argument(each)
        options.binary_location = shutil.which("chromium") or ""
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))

    def close(self) -> None:
        """End it."""
        self.driver.quit()
        self.proxy.close()

    def looks(self, size: tuple[int, int], *, dark: bool = False) -> None:
        """Give the window a size, and the user a preference."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < DESK[0]}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        reduced = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme, reduced]})

    def open(self, address: str) -> None:
        """Open an address as in a new tab, with nothing kept of earlier ones."""
        self.driver.get("about:blank")
        self.log()  # what an earlier page has left
        self.driver.get(address)

    def run(self, script: str, *arguments: object) -> Any:
        """Return what a script returns in the page."""
        return self.driver.execute_script(script, *arguments)

    def run_async(self, script: str, *arguments: object) -> Any:
        """Return what an asynchronous script returns: the body of a function."""
        self.driver.set_script_timeout(WITHIN_S * 2)
        wrapped = f"const done = arguments[arguments.length - 1]; (async () => {{{script}}})()"
        return self.driver.execute_async_script(
            f"{wrapped}.then(done, (error) => done({{error: String(error)}}));", *arguments
        )

    def all(self, selector: str) -> list[WebElement]:
        """Return the elements that match."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """Return the first element that matches, when it is there and to be seen."""
        found: WebElement = self.until(
            lambda: next((each for each in self.all(selector) if each.is_displayed()), None), selector
        )
        return found

    def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Return the first true value of CONDITION."""
        return WebDriverWait(self.driver, WITHIN_S, 0.03).until(lambda _: condition(), what)

    def text(self, selector: str = "body") -> str:
        """Return what the first matching element shows."""
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def shows(self, text: str, selector: str = "body") -> None:
        """Wait until an element shows TEXT."""
        self.until(lambda: text in self.text(selector), text)

    def keys(self, *keys: str) -> None:
        """Press KEYS, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(getattr(Keys, key, key))

    def focus(self) -> str:
        """Return the text, or the id, of what has the focus."""
        return str(self.run("const at = document.activeElement; return at.id || at.innerText;"))

    def log(self, kind: str = "browser") -> list[dict[str, Any]]:
        """Return what has been logged since the last call: by pages, or with `performance` by the browser."""
        found: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return found

    def requests(self) -> Iterator[str]:
        """Yield the addresses that were asked for since the last call."""
        for entry in self.log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                yield str(message["params"].get("request", message["params"])["url"])

    def axe(self) -> list[str]:
        """Return what axe-core finds serious in the page as it is."""
        if not AXE.is_installed(cache_directory()):
            missing("axe-core: scripts/install-agents.py")
        self.run(AXE.path(cache_directory()).read_text())
        found = self.run_async("return (await axe.run(document, {resultTypes: ['violations']})).violations")
        assert "error" not in found, found
        return [
            f"{each['impact']}: {each['id']}: {each['nodes'][0]['html'][:200]}"
            for each in found
            if each["impact"] in ("serious", "critical", "moderate")
        ]
