"""Every `--json` output of amq and every JSON in a queue's files, as pydantic models: for `amq schema` and the tests.

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
    "trace": mail.Trace,
    "who": list[queue.Agent],
    "run": queue.Explained | queue.Checked,
    "wake": list[setup.Way],
    "why": queue.Why | list[queue.Recorded],
    "presence set": queue.Presence,
    "presence list": list[queue.Presence],
    "dlq list": list[queue.Letter],
    "dlq read": queue.Opened,
    "dlq retry": list[queue.Retried],
    "dlq purge": list[queue.Letter],
    "cleanup": queue.Swept,
    "env": queue.Env,
    "trust": setup.Trusted | list[setup.Trusted] | setup.Revoked,
    "coop up": setup.Up,
    "coop status": setup.Status,
    "coop down": setup.Down,
    "doctor": setup.Health,
    "skill install": setup.Written,
    "skill uninstall": setup.Removed,
    "hook install": setup.Edited,
    "hook uninstall": setup.Edited,
    "reset": setup.Restored,
    "schema": list[str],
}
"""What each command prints with --json. `amq schema` itself does so where no name is given."""

OTHERS: dict[str, Any] = {
    "header": Header,
    "registry": queue.Registry,
    "presence": queue.Presence,
    "dead-letter": queue.Envelope,
    "error": queue.Failure,
}
"""The contents of files (an acknowledgement is printed by `ack` as it is there), and the error on stderr."""

MODELS = {command.replace(" ", "-"): model for command, model in PRINTED.items()} | OTHERS


def names() -> list[str]:
    """The names of all schemas: the commands, with `-` for a space, and then the rest."""
    return list(MODELS)


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of that NAME; raises KeyError for another."""
    return {"$schema": DIALECT} | TypeAdapter(MODELS[name]).json_schema() | {"title": f"amq {name}"}
