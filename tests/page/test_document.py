"""The page's HTML and its policy, as text."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode

from amq.page import document, policy
from tests.page.payloads import SCRIPTS


def test_policy_of_the_server() -> None:
    assert policy.HEADERS["content-security-policy"].split("; ") == [
        "default-src 'none'", "img-src data:", "base-uri 'none'", "form-action 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'", "script-src 'self'", "style-src 'self'",
        "connect-src 'self'", "frame-ancestors 'none'",
    ]  # fmt: skip


def test_policy_of_a_file_names_its_scripts() -> None:
    text = "".join(document.with_data([document.as_data({})]))
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == len(document.SCRIPTS)
    for each in scripts:
        assert b64encode(hashlib.sha256(each.encode()).digest()).decode() in text
    (found,) = re.findall(r'Policy" content="(.*?)"', text)
    assert found.startswith("default-src 'none'; img-src data:; base-uri 'none'; ")
    assert "unsafe" not in found
    assert "connect-src" not in found


def test_nothing_has_an_address() -> None:
    for text in (document.served(), "".join(document.with_data(["{}"]))):
        assert set(re.findall(r"https?://[^'\" ]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_no_code_makes_html() -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(|DOMParser|srcdoc|localStorage"
    )
    assert not [name for name in document.SCRIPTS if re.search(forbidden, document.asset(name))]


def test_data_stays_data() -> None:
    for payload in SCRIPTS:
        text = document.as_data({payload: payload})
        assert not set("<>&") & set(text)
        assert text.isascii()
        assert json.loads(text) == {payload: payload}


def test_data_does_not_take_other_parts() -> None:
    data = document.as_data(["<!-- scripts -->", "\0"])
    text = "".join(document.with_data([data]))
    assert text.count(data) == 1
    assert "<!-- scripts -->" not in text
