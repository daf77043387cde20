"""An independent model of the modes that a stream leaves on, to judge the ledger by."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    rb"\x1b(?:[\]PX^_](?P<string>(?:[^\x07\x18\x1a\x1b]|\x1b(?!\\))*)(?:\x07|\x1b\\|[\x18\x1a])?"
    rb"|\[(?P<csi>[0-?]*[ -/]*[@-~])|(?P<charset>[()].)|(?P<escape>[ -/]*[0-~]))|(?P<shift>[\x0e\x0f])"
)
_USUAL = {
    "?7": b"h",
    "?8": b"h",
    "?25": b"h",
    "keypad": b">",
    "shape": b"0",
    "(": b"B",
    ")": b"B",
    "shift": b"\x0f",
    "progress": b"0",
    **dict.fromkeys(("margins", "link", "colours", "titles", "keys h", "keys l", "other keys"), b""),
}


def left_on(stream: bytes) -> dict[str, bytes]:
    """Return each mode that STREAM leaves in an unusual state, with its value.

    A string ends as in kitty: no other sequence breaks it off.
    """
    state: dict[str, bytes] = {}
    for match in _TOKEN.finditer(stream):
        if match["csi"]:
            _take_csi(state, match["csi"])
        elif match["string"]:
            _take_string(state, match["string"])
        elif match["escape"] in (b"=", b">"):
            state["keypad"] = match["escape"]
        elif match["charset"]:
            state[match["charset"][:1].decode()] = match["charset"][1:]
        elif match["shift"]:
            state["shift"] = match["shift"]
    return {name: value for name, value in state.items() if value != _USUAL.get(name, b"l")}


def _take_csi(state: dict[str, bytes], csi: bytes) -> None:
    if found := re.fullmatch(rb"\?([0-9;]+)([hl])", csi):
        for mode in found[1].decode().split(";"):
            state[f"?{mode}"] = found[2]
    elif found := re.fullmatch(rb"([<>])[0-9]*u|2([23])[0-9;]*t", csi):
        name = "titles" if found[2] else f"keys {state.get('?1049', b'l').decode()}"
        pushed, stack = (found[1] or found[2]) in (b">", b"2"), state.get(name, b"")
        state[name] = stack + b"+" if pushed else stack[1:]
    elif found := re.fullmatch(rb">4;?([0-9]*)m", csi):
        state["other keys"] = found[1]
    elif found := re.fullmatch(rb"4([hl])", csi):
        state["insert"] = found[1]
    elif found := re.fullmatch(rb"([0-9;]*)(r| q)", csi):
        state["margins" if found[2] == b"r" else "shape"] = found[1]
    elif re.fullmatch(rb"0?m", csi):
        state["colours"] = b""
    elif csi.endswith(b"m") and not re.fullmatch(rb"(2[2-9]|39|49)m", csi):  # those end one colour, and begin none
        state["colours"] = csi


def _take_string(state: dict[str, bytes], string: bytes) -> None:
    if string.startswith(b"8;"):
        state["link"] = string.split(b";", 2)[2]
    elif string.startswith(b"9;4;"):
        state["progress"] = string[4:5]
