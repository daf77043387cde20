"""The base of the models: how strict they are, and the types of their values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from amq.instants import parse_instant
from amq.names import MAX_NAME_BYTES, is_safe_name

absent: Any = None
"""The default of a key that is left out when empty. The key is then missing, not null."""


def _tidy(schema: dict[str, Any]) -> None:
    """Put descriptions on one line, and drop titles made from keys and `absent` defaults, which readers do not need."""
    keys = schema["properties"].values()
    for described in (schema, *keys):
        described["description"] = " ".join(described.get("description", "").split())
    for key in keys:
        key.pop("title", None)
        key.pop("default", None)


class Model(BaseModel):
    """An object that amq writes: it has only described keys, and no value is converted to another type."""

    model_config = ConfigDict(strict=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=_tidy)


class Open(Model):
    """An object that may have other keys too, which another program wrote and amq keeps."""

    model_config = ConfigDict(extra="allow")


def _safe_name(text: str) -> str:
    if not is_safe_name(text):
        raise ValueError("cannot be a file name")
    return text


def _rfc3339(text: str) -> str:
    parse_instant(text)
    return text


Handle = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Id = Annotated[
    str,
    AfterValidator(_safe_name),
    WithJsonSchema({"type": "string", "pattern": r"^[^./\\\x00][^/\\\x00]*$", "maxLength": MAX_NAME_BYTES}),
]
Instant = Annotated[str, AfterValidator(_rfc3339), WithJsonSchema({"type": "string", "format": "date-time"})]
Count = Annotated[int, Field(ge=0)]

Kind = Literal[
    "brainstorm", "review_request", "review_response", "question", "answer", "decision", "status", "todo"
]  # fmt: skip
Priority = Literal["urgent", "normal", "low"]
