"""Small immutable values without the cost of `dataclasses`.

Importing `dataclasses` pulls in `inspect`, which costs a short command more than all its work on a message. The few
lines below do what is needed; type checkers see an ordinary frozen dataclass.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar, dataclass_transform

    T = TypeVar("T")

FEW = 20
"""The number of values of a class that are made without an initialiser: compiling one costs as much as thirty values.

A command makes only one or two values of most classes.
"""


def _initialiser(fields: list[str], defaults: dict[str, Any]) -> Any:
    """Return an ``__init__`` that takes FIELDS by position or name. It is compiled, as dataclasses does."""
    parameters = ", ".join(f"{name}=defaults[{name!r}]" if name in defaults else name for name in fields)
    steps = "; ".join(f"values[{name!r}] = {name}" for name in fields)
    scope: dict[str, Any] = {"defaults": defaults}
    exec(f"def __init__(self, {parameters}): values = self.__dict__; {steps}", scope)  # noqa: S102  field names only
    return scope["__init__"]


if TYPE_CHECKING:

    @dataclass_transform(frozen_default=True)
    def record(cls: type[T]) -> type[T]: ...

else:

    def record(cls):
        """Give CLS an initialiser, equality, a hash and a repr over its annotated fields, and freeze its values.

        Fields that CLS names in `NOT_COMPARED` count neither for equality nor for the hash.
        """
        fields = list(cls.__annotations__)
        defaults = {name: cls.__dict__[name] for name in fields if name in cls.__dict__}
        made = 0
        ignored = cls.__dict__.get("NOT_COMPARED", ())

        def compared(self):
            values = self.__dict__
            return {name: values[name] for name in values if name not in ignored} if ignored else values

        def __setattr__(self, name, value):  # noqa: ARG001
            raise AttributeError(f"{cls.__name__} is a value: make another with replace()")

        def __eq__(self, other):
            return compared(self) == compared(other) if type(other) is cls else NotImplemented

        def __hash__(self):
            return hash(tuple(compared(self).values()))

        def __repr__(self):
            return f"{cls.__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

        def __init__(self, *values, **named):
            nonlocal made
            made += 1
            given = dict(zip(fields, values, strict=False), **named)
            all_fields = {**defaults, **given}
            if made > FEW or len(given) < len(values) + len(named) or all_fields.keys() != set(fields):
                # where a field is missing, unknown or there twice, this says so
                cls.__init__ = _initialiser(fields, defaults)
                cls.__init__(self, *values, **named)
            else:
                self.__dict__.update((name, all_fields[name]) for name in fields)

        for method in (__init__, __setattr__, __eq__, __hash__, __repr__):
            setattr(cls, method.__name__, method)
        return cls


def from_fields(kind: type[T], fields: dict[str, Any]) -> T:
    """Return a record of KIND from FIELDS, which must be all of its fields; costs a third of calling KIND."""
    value = object.__new__(kind)
    value.__dict__.update(fields)
    return value


def replace(value: T, /, **changes: Any) -> T:
    """Return a copy of a record with CHANGES; raises TypeError for a field it does not have."""
    return type(value)(**{**value.__dict__, **changes})
