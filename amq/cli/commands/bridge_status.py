"""`amq bridge status`: show the hub, the other hosts and their keys, and the mail that is on its way."""

from __future__ import annotations

from amq.cli.bridge_setup import directory_of, overview, show_agents
from amq.errors import NotFound
from amq.instants import short_age
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.bridge.status import BridgeView
    from amq.cli.output import Output

USAGE = ""
EXAMPLES = """\
  amq bridge status
  amq bridge status --json"""
NOTES = """\
A line that begins with ! says what is wrong. "heard" is when the host last said that it is there, which it does every
few seconds. Mail is waiting (not yet at the hub), in_flight, sent (at the hub), or there (unread in the agent's inbox
on the other host)."""


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(args: Namespace, out: Output) -> int:
    """Print what is known."""
    from amq.bridge.status import BridgeView
    from amq.cli.open_mailbox import private_directory

    root, _ = directory_of(args, out)
    view = BridgeView(private_directory(root), root)
    if view.is_missing:
        raise NotFound("this queue has no bridge", hint="set one up: amq bridge init --host NAME")
    found = _found(view)
    if out.json:
        out.value(found)
        return 0
    for complaint in found["complaints"]:
        out.line(f"!        {visible(complaint)}")
    if view.bridge is not None:
        _show(found, out)
    return 0


def _found(view: BridgeView) -> dict[str, Any]:
    """Return what is known as JSON; without a bridge that can be read, only what is wrong with it."""
    setup = overview(view.bridge) if view.bridge is not None else {"peers": []}
    for peer in setup["peers"]:
        heard_s = view.heard_s(peer["host"])
        if heard_s is not None:
            peer["heard_s"] = round(heard_s, 3)
            peer["version"] = view.state["hosts"][peer["host"]].get("version", "")
    connected = bool(view.state) and not view.state.get("hub_reason")
    mail = [{"mailbox": mailbox, **stages} for mailbox, stages in sorted(view.waiting().items())]
    running = {"pid": view.state["pid"]} if view.state.get("pid") else {}
    return {**setup, **running, "connected": connected, "complaints": view.complaints(), "mail": mail}


def _show(found: dict[str, Any], out: Output) -> None:
    state = "connected" if found["connected"] else "not connected"
    out.line(f"host     {found['host']}  {found['fingerprint']}")
    out.line(f"hub      {found['hub'] or 'none yet'}  {state}")
    for peer in found["peers"]:
        heard = f"heard {short_age(peer['heard_s'])} ago" if "heard_s" in peer else "not heard"
        out.line(f"peer     {peer['host']}  {peer['fingerprint']}  {heard}")
    show_agents(found, out)
    for mail in found["mail"]:
        stages = ", ".join(f"{count} {stage}" for stage, count in mail.items() if stage != "mailbox")
        out.line(f"mail     {mail['mailbox']}  {stages}")
