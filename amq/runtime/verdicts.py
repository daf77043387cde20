"""The verdicts of `amq certify`: what an installed version of a CLI did in each scenario, on this machine.

Each is a file of the user's private directory, `verdicts/PROGRAM@VERSION@TERMINAL.json`: agents cannot write one. It
holds for the amq that made it alone, because another types and looks by other rules.

`amq who` and `amq why` import this, so it is kept as light as a short command.
"""

from __future__ import annotations

import os

from amq import git_repository, jsontext
from amq.errors import why
from amq.record import from_fields, record
from amq.runtime.private_state import NoPrivateDirectory, PrivateState, make_directory, write_private
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Tell = Callable[[str], None]

SCENARIOS = (
    ("ready", "starts, and is known to be ready"),
    ("idle", "is notified once when it is idle"),
    ("streams", "is notified while it answers, and goes on with that"),
    ("tool", "is notified while a tool runs, and goes on with that"),
    ("dialog", "a permission dialog is held and not answered, and it is notified after that"),
    ("question", "a question to the user is held and not answered, and it is notified after that"),
    ("draft", "a half-typed line is kept, and it is notified after that"),
    ("draft-lines", "a half-typed text of many lines is kept, and it is notified after that"),
    ("named", "is notified in a session with a name"),
    ("narrow", "is notified, or held without harm, in a small terminal"),
    ("places", "nothing is typed into places that look like its input row"),
    ("body", "the text of the mail reaches its model by its hooks or its plugin"),
    ("exit", "leaves the terminal as it was"),
)
"""The scenarios in the order in which they are tried: the name of each, and a phrase for the user."""
FOLDER = "verdicts"
_LARGEST_BYTES = 1 << 20
_ENDING = ".json"


@record
class Verdict:
    """Results of `amq certify` for VERSION of PROGRAM on this machine, in a terminal of the kind TERMINAL.

    PROGRAM is the name of its profile, TERMINAL a value of TERM, AMQ the version of amq, AT the time (RFC 3339).
    RESULTS has each scenario that was tried: "" if it went as it should, else the reason why not. A CLI lacks some.
    """

    program: str
    version: str
    terminal: str
    amq: str
    at: str
    results: Mapping[str, str]

    @property
    def failed(self) -> dict[str, str]:
        """Return the scenarios that did not go as they should, each with the reason."""
        return {name: reason for name, reason in self.results.items() if reason}


def write_verdict(private: PrivateState, verdict: Verdict) -> None:
    """Record VERDICT in the user's PRIVATE directory, in place of an older one. Raises NoPrivateDirectory, OSError."""
    if not private.directory:
        raise NoPrivateDirectory(f"cannot record the verdict ({private.why_not})", hint="check it: amq doctor")
    folder = f"{private.directory}/{FOLDER}"
    make_directory(folder)
    wire = {**verdict.__dict__, "results": dict(verdict.results)}
    name = f"{_prefix(verdict.program, verdict.version)}{_safe(verdict.terminal)}{_ENDING}"
    write_private(f"{folder}/{name}", jsontext.render(wire) + "\n")


def read_verdict(
    private: PrivateState, program: str, version: str, amq: str, terminal: str = "", tell: Tell = lambda _: None
) -> Verdict | None:
    """Return the verdict about VERSION of PROGRAM, made by the version AMQ of amq; None if there is none.

    That for TERMINAL counts, else the newest for another. TELL is given a sentence about each file that cannot be read
    or is damaged, which counts as none.
    """
    prefix = _prefix(program, version)
    found = [
        each
        for each in _read_all(private, prefix, tell)
        if (each.program, each.version, each.amq) == (program, version, amq)
    ]
    return max(found, key=lambda each: (each.terminal == terminal, each.at), default=None)


def _read_all(private: PrivateState, prefix: str, tell: Tell) -> Iterator[Verdict]:
    if not private.directory:
        return
    folder = f"{private.directory}/{FOLDER}"
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return
    except OSError as error:
        tell(f"the verdicts of amq certify cannot be read: {why(error)}")
        return
    for name in names:
        if name.startswith(prefix) and name.endswith(_ENDING):
            yield from _read(f"{folder}/{name}", tell)


def _read(path: str, tell: Tell) -> Iterator[Verdict]:
    """Yield the verdict in the file PATH, or TELL why it counts as none."""
    try:
        wire = jsontext.parse(git_repository.read_regular(path, _LARGEST_BYTES))
        yield _verdict(wire)
    except FileNotFoundError:
        return
    except OSError as error:
        tell(f"a verdict of amq certify cannot be read: {why(error)}")
    except (ValueError, TypeError, KeyError) as error:
        tell(f"{visible(path)} is damaged ({visible(str(error))}); to make it again: amq certify")


def _verdict(wire: Mapping[str, object]) -> Verdict:
    """Return the verdict of a file's JSON object. Raises TypeError, KeyError."""
    found = from_fields(Verdict, {name: wire[name] for name in Verdict.__annotations__})
    *words, results = found.__dict__.values()
    if not (isinstance(results, dict) and all(isinstance(each, str) for each in [*words, *results.values()])):
        raise TypeError("it is not a verdict")
    return found


def _prefix(program: str, version: str) -> str:
    return f"{_safe(program)}@{_safe(version)}@"


def _safe(word: str) -> str:
    """Return WORD as a part of a file name. The file has it unchanged."""
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._+-") else "_" for sign in word)[:64]
