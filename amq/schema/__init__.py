"""Pydantic models of all `--json` output and all JSON in a queue's files, for `amq schema` and the tests.

The models are the documentation. Nothing else may import them: importing pydantic costs five times a whole `send`.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from amq.schema import mail, queue, setup
from amq.schema.header import Header

DIALECT = "https://json-schema.org/draft/2020-12/schema"

PRINTED: dict[str, Any] = {
    "init": queue.Initialised,
    "send": mail.Sent,
    "list": list[mail.Listed],
    "read": mail.Read,
    "drain": mail.Batch,
    "watch": mail.Watched,
    "monitor": mail.Monitored,
    "ack": mail.Ack,
    "reply": mail.Replied,
    "thread": list[mail.Entry],
    "search": list[mail.Hit],
    "log": mail.Logged,
    "export": mail.Exported,
    "trace": mail.Trace,
    "who": list[queue.Agent],
    "wait": queue.Waited,
    "run": queue.Explained | queue.Checked,
    "wake": list[setup.Way] | list[setup.OpenSession],
    "why": queue.Why | list[queue.Recorded],
    "group set": queue.Group,
    "group list": list[queue.Group],
    "group remove": queue.Group,
    "lease take": list[queue.Lease],
    "lease list": list[queue.Lease],
    "lease check": list[queue.Lease],
    "lease free": queue.Freed,
    "lease guard": setup.Edited,
    "bridge init": setup.Invited,
    "bridge join": setup.Invited,
    "bridge export": setup.Bridge,
    "bridge remove": setup.Bridge,
    "bridge status": setup.BridgeStatus,
    "presence set": queue.Presence,
    "presence list": list[queue.Presence],
    "dlq list": list[queue.Letter],
    "dlq read": queue.Opened,
    "dlq retry": list[queue.Retried],
    "dlq purge": list[queue.Letter],
    "agent remove": queue.AgentMoved,
    "agent restore": queue.AgentMoved,
    "cleanup": queue.Swept,
    "env": queue.Env,
    "config show": setup.Configuration,
    "trust": setup.Trusted | list[setup.Trusted] | setup.Revoked,
    "coop up": setup.Up,
    "coop status": setup.Status,
    "coop down": setup.Down,
    "doctor": setup.Health,
    "certify": list[setup.Certified],
    "skill install": setup.Written,
    "skill uninstall": setup.Removed,
    "hook install": setup.Edited,
    "hook uninstall": setup.Edited,
    "reset": setup.Restored,
    "schema": list[str],
}
"""The `--json` output of each command; that of `amq schema` is for a call without a name."""

OTHERS: dict[str, Any] = {
    "header": Header,
    "registry": queue.Registry,
    "presence": queue.Presence,
    "leases": queue.Leases,
    "dead-letter": queue.Envelope,
    "error": queue.Failure,
}
"""The contents of files (`ack` prints an acknowledgement as it is in its file), and the error on stderr."""

MODELS = {command.replace(" ", "-"): model for command, model in PRINTED.items()} | OTHERS


def names() -> list[str]:
    """Return the names of all schemas: the commands, with `-` for a space, and then the rest."""
    return list(MODELS)


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) called NAME; raises KeyError if there is none."""
    return {"$schema": DIALECT} | TypeAdapter(MODELS[name]).json_schema() | {"title": f"amq {name}"}
