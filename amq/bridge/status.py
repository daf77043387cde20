"""Find out where agents on other hosts are, and why mail for them waits: from this host's bridge, if it runs."""

from __future__ import annotations

import time

from amq.bridge import state
from amq.bridge.config import read_bridge
from amq.bridge.ledger import HUB_FULL, THERE
from amq.errors import AmqError, why
from amq.instants import SECOND_NS, short_age
from amq.record import record
from amq.runtime.policy.reasons import WAITS_IN_WORDS, WaitReason
from amq.runtime.why_waiting import Why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from amq.bridge.config import Bridge
    from amq.runtime.private_state import PrivateState
    from amq.store.remote import Remote

CLOCK_OFF_S = 60.0
"""Seconds by which another host's clock may differ before the status says so: mail is in the order of its times."""
_LOST_S = 30.0
"""Seconds without a presence after which a host counts as gone."""


@record
class FarAgent:
    """An agent on another HOST: its state, and when that host was heard, in nanoseconds since the epoch (0: never).

    `seen_ns` is when the agent was last active, 0 if unknown. `waits_for` is what its mail waits for there, if known.
    """

    host: str
    heard_ns: int = 0
    status: str = ""
    note: str = ""
    waits_for: str = ""
    seen_ns: int = 0

    def words(self, now_ns: int) -> str:
        """Return where the agent is, and whether that host is there at the moment NOW_NS."""
        if not self.heard_ns:
            return f"on {self.host}, not heard yet"
        return f"on {self.host}{f', {silence}' if (silence := self.silence(now_ns)) else ''}"

    def silence(self, now_ns: int) -> str:
        """Return for how long its host, which was heard, has been silent at the moment NOW_NS; "" if it is there."""
        silent_s = (now_ns - self.heard_ns) / SECOND_NS
        return "" if silent_s < _LOST_S else f"silent for {short_age(silent_s)}"


def _unread_there(handle: str, far: FarAgent) -> str:
    """Return that mail is in the inbox of the agent HANDLE on its host, and what it waits for there, as far as known.

    A host that is away has said so long ago.
    """
    said = f"{handle} has it on {far.host}, unread"
    if far.waits_for:
        words = {reason.value: text for reason, text in WAITS_IN_WORDS.items()}.get(far.waits_for, "")
        said += f": {far.waits_for}{f' ({words})' if words else ''}"
    silence = far.silence(time.time_ns()) if far.heard_ns else ""
    return f"{said}; {far.host} is {silence}" if silence else said


class BridgeView:
    """The bridge of the queue ROOT as its state file shows it. PRIVATE is the user's private directory."""

    def __init__(self, private: PrivateState, root: str) -> None:
        self.bridge: Bridge | None = None
        self.state: dict[str, Any] = {}
        self.why_not = ""
        self.is_missing = False
        try:
            self.bridge = read_bridge(private, root)
            if self.bridge is None:
                self.is_missing = True
                self.why_not = "this queue has no bridge any more (amq bridge init)"
            elif (found := state.read_state(self.bridge.directory)) is None:
                self.why_not = "the bridge does not run (amq bridge run)"
            else:
                self.state = found
        except (AmqError, OSError) as error:
            self.why_not = why(error)

    @property
    def state_file(self) -> str:
        """The path of the file that changes when the bridge has news; "" without a bridge."""
        return f"{self.bridge.directory}/{state.FILE}" if self.bridge else ""

    def agent(self, remote: Remote) -> FarAgent:
        """Return what is known of the agent REMOTE."""
        host = self.state.get("hosts", {}).get(remote.host, {})
        there = host.get("agents", {}).get(remote.handle, {})
        return FarAgent(remote.host, host.get("heard_ns", 0), **there)

    def why(self, mailbox: str, remote: Remote) -> Why:
        """Return why mail in MAILBOX, for the agent REMOTE, has not been read there: what has come least far counts."""
        hub_reason = self.why_not or self.state.get("hub_reason", "")
        if hub_reason:
            since_ns = self.state.get("since_ns")
            since_s = max(0.0, (time.time_ns() - since_ns) / SECOND_NS) if since_ns else None
            return Why(WaitReason.NO_HUB, since_s, hub_reason)
        here = self.state.get("mailboxes", {}).get(mailbox, {})
        if reason := here.get("reason", ""):
            return Why(WaitReason.HUB_FULL if reason == HUB_FULL else WaitReason.REFUSED, None, reason)
        if set(here.get("mail", {})) <= {THERE}:
            return Why(WaitReason.THERE, None, _unread_there(remote.handle, self.agent(remote)))
        return Why(WaitReason.ON_ITS_WAY, None, f"{WAITS_IN_WORDS[WaitReason.ON_ITS_WAY]}; {self._silence(remote)}")

    def _silence(self, remote: Remote) -> str:
        return f"{remote.handle} is {self.agent(remote).words(time.time_ns())}"

    # -- for `amq bridge status` --------------------------------------------------------------------------------------

    def complaints(self) -> list[str]:
        """Return what is wrong, in words for the user: the worst first."""
        found = [text for text in (self.why_not, self.state.get("hub_reason", "")) if text]
        found += [f"{what}: {reason}" for what, reason in sorted(self.state.get("trouble", {}).items())]
        for host, said in sorted(self.state.get("hosts", {}).items()):
            ahead_s = said.get("clock_ahead_ns", 0) / SECOND_NS
            if abs(ahead_s) > CLOCK_OFF_S:
                found.append(f"{host}: its clock is {short_age(abs(ahead_s))} {'ahead' if ahead_s > 0 else 'behind'}")
        return found

    def heard_s(self, host: str) -> float | None:
        """Return how many seconds ago HOST was heard; None for never."""
        heard_ns = self.state.get("hosts", {}).get(host, {}).get("heard_ns")
        return None if heard_ns is None else max(0.0, (time.time_ns() - heard_ns) / SECOND_NS)

    def waiting(self) -> dict[str, dict[str, int]]:
        """Return for each remote mailbox with mail how much of it has come how far."""
        return {mailbox: found["mail"] for mailbox, found in self.state.get("mailboxes", {}).items() if "mail" in found}
