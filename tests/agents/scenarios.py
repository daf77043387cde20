"""Scenes of an agent's life while mail comes, one a message, each chosen at random from a seed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.agents.cli import Note, Plan
from tests.agents.cli_styles import Style
from tests.agents.world import OURS, World

HINTS = ("Type a name and press Enter", "describe a task for a new session", "A hint of a later version")
WORDS = (b"fix the test", b"now add a flag", b"why? 12 y n", b"please go on, then stop")
TOLD_WITHIN = 900.0  # seconds for all reminders
KNOWN_WITHIN = 6.0  # seconds from a message's arrival until it is announced, or the reason for its waiting is known


@dataclass
class Tally:
    """Counts of a run, and its faults. A fault is a sentence that names the scene."""

    injections: int = 0  # texts that were typed
    told: int = 0  # messages that led to a drain
    idle: int = 0  # of these, to an idle agent
    once: int = 0  # of these, with one line submitted
    carried: int = 0  # lines typed by amq that a user sent with their own Enter, with more in them
    faults: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the counts of OTHER."""
        for name in ("injections", "told", "idle", "once", "carried"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults += other.faults


class Life:
    """One agent in its WORLD, which lives through SCENES (None: those of this module). SEED names it in faults."""

    def __init__(
        self, style: Style, seed: str, world: World, scenes: Sequence[Callable[[World], None]] | None = None
    ) -> None:
        self._seed = f"{style.name} {seed}"
        self._world = world
        self._scenes = scenes or SCENES
        self._chance = world.chance
        self._number = itertools.count()
        self.tally = Tally()

    def begin(self) -> None:
        """Start the agent."""
        self._world.start(self._chance.uniform(0.2, 3.0))

    def live(self, scenes: int) -> Tally:
        """Live through SCENES, each chosen at random; return the counts since the beginning."""
        for number in itertools.islice(self._number, scenes):
            scene = self._chance.choice(self._scenes)
            try:
                self._play(f"{self._seed} scene {number} {scene.__name__}", scene)
            except AssertionError as error:
                self.tally.faults.append(f"{self._seed} scene {number} {scene.__name__}: {error}")
                break
        self.tally.injections = self._world.pastes
        return self.tally

    def _play(self, name: str, scene: Callable[[World], None]) -> None:
        world, begin = self._world, len(self._world.notes)
        quiet = scene is idle
        if scene not in (idle, dies):
            world.run(10.0, lambda: world.cli.has_started)
        scene(world)
        if world.unread and not quiet:
            self._check_reason(name)
        _tidy(world)
        told = world.run(TOLD_WITHIN, lambda: not world.unread)
        if not told:
            self._fault(name, f"never announced: {self._last_words()}")
            world.unread = []
        world.run(self._chance.uniform(1.5, 8.0))
        _tidy(world)
        notes = [note for _, note in world.notes[begin:]]
        self._check_notes(name, notes)
        submitted = sum(note.what == "submitted" and note.ours for note in notes)
        self.tally.told += told
        if quiet:
            self.tally.idle += 1
            self.tally.once += told and submitted == 1

    def _check_notes(self, name: str, notes: list[Note]) -> None:
        for note in notes:
            if note.ours and note.what in ("approved", "denied", "chosen", "rated", "aborted", "named", "removed"):
                self._fault(name, f"{note.what} by us")
            if note.what == "submitted" and note.ours and not OURS.fullmatch(note.text):
                self._fault(name, f"merged: {note.text!r}")
            if note.what == "submitted" and not note.ours and "amq: " in note.text:
                self.tally.carried += 1

    def _check_reason(self, name: str) -> None:
        """Check the journal: it has a reason why the mail waits, or an attempt that covers the mail."""
        world = self._world
        before = {message.id for message in world.unread}
        world.run(KNOWN_WITHIN, lambda: not world.unread)
        ids = {message.id for message in world.unread}
        if ids & before:
            entries = self._world.record.entries()
            if not entries or not ids & set(entries[-1]["ids"]):
                self._fault(name, f"nothing is known of what it waits for: {entries[-2:]}")

    def _last_words(self) -> str:
        cli = self._world.cli
        entries = self._world.record.entries()[-3:]
        said = [entry.get("waits_for") or f"{entry['outcome']} {entry['reason']}" for entry in entries]
        return f"{said}; box {cli.box!r}, dialog {cli.dialog}, working {cli.working}"

    def _fault(self, name: str, what: str) -> None:
        self.tally.faults.append(f"{name}: {what}")


def _tidy(world: World) -> None:
    """Act as the user who comes back: answer, close, clear, and let the turn end; after an interruption, speak."""
    for _ in range(40):
        cli = world.cli
        if not cli.alive:
            world.start(world.chance.uniform(0.2, 3.0))
        elif cli.dialog:
            world.press(world.chance.choice((b"n", b"\x1b")))
        elif cli.overlay or cli.field is not None:
            world.press(b"\x1b")
        elif cli.box and not OURS.fullmatch(cli.box):
            world.press(
                world.chance.choice((b"\x15", b"\x7f" * len(cli.box), b"\x7f" * (len(cli.box) // 2 + 1), b"\r"))
            )
        elif world.interrupted and not cli.working:
            for keys in (b"go on", b"\r"):
                world.press(keys)
                world.run(0.2)
        elif not cli.working:
            return
        world.run(world.chance.uniform(0.2, 3.0))
    raise AssertionError(f"cannot be tidied: {cli.box!r}")


def _send(world: World) -> None:
    world.mail(world.chance.choice(("normal", "normal", "urgent")))


def _type(world: World, text: bytes) -> None:
    """Type as a user does, letter by letter; or as a fast program does."""
    pause = world.chance.choice((0.003, 0.08, 0.15, 0.4))
    for at in range(len(text)):
        world.press(text[at : at + 1])
        world.run(world.chance.uniform(0.2, 1.5) * pause)


def idle(world: World) -> None:
    """Let nothing happen but mail; sometimes a second message comes."""
    world.run(world.chance.uniform(0.0, 6.0))
    _send(world)


def half_a_line(world: World) -> None:
    """Leave half a line in the box before the mail comes."""
    _type(world, world.chance.choice(WORDS))
    world.run(world.chance.uniform(0.0, 4.0))
    _send(world)
    world.run(world.chance.uniform(0.0, 12.0))
    _type(world, world.chance.choice((b" more", b"\x7f\x7f", b"")))
    world.run(world.chance.uniform(0.0, 4.0))


def typing_as_it_comes(world: World) -> None:
    """Type in the instants around the paste and the submit key."""
    _send(world)
    world.run(world.chance.uniform(0.0, 0.5))
    _type(world, world.chance.choice((b"x", b"y", b"1", b"\x7f", b"\r", b" ", b"fix", b"\x15", b"\x1b[D", b"\x1b")))
    world.run(world.chance.uniform(0.0, 5.0))


def pasted(world: World) -> None:
    """Paste as the user: one line, many, or a long one."""
    text = world.chance.choice((b"one line", b"one\rtwo\rthree\rfour", b"word " * 300, b"a\rb"))
    if world.chance.random() < 0.5:
        _send(world)
        world.run(world.chance.uniform(0.0, 0.4))
    world.press(b"\x1b[200~" + text + b"\x1b[201~")
    _send(world)
    world.run(world.chance.uniform(0.0, 8.0))


def many_lines(world: World) -> None:
    """Draft many lines, and leave the cursor in an empty one."""
    _type(world, b"one\ntwo\n")
    _send(world)
    world.run(world.chance.uniform(0.0, 10.0))
    _type(world, b"\x7f")


def corrected(world: World) -> None:
    """Type a line and take it back, key by key, or at once."""
    _type(world, b"abc")
    _send(world)
    _type(world, world.chance.choice((b"\x7f\x7f\x7f", b"\x15", b"\x7f\x7f\x7fd\x7f")))
    world.run(world.chance.uniform(0.0, 3.0))


def at_work(world: World) -> None:
    """Deliver mail during a turn, short or long."""
    world.cli.work(world.now, Plan(world.chance.choice((2.0, 10.0, 40.0))))
    world.run(world.chance.uniform(0.0, 3.0))
    _send(world)
    world.run(world.chance.uniform(0.0, 10.0))


def dialog(world: World) -> None:
    """Open a dialog in a turn, before the mail, with it, or after it, while the user types or not."""
    world.cli.work(world.now, Plan(lasts=6.0, asks_at=world.chance.uniform(0.0, 2.0)))
    world.run(world.chance.uniform(0.0, 3.0))
    _send(world)
    if world.chance.random() < 0.4:
        _type(world, b"wait")
    world.run(world.chance.uniform(0.0, 20.0))
    if world.cli.dialog and world.chance.random() < 0.5:
        world.press(world.chance.choice((b"y", b"1", b"\r", b"n", b"\x1b")))
        world.run(world.chance.uniform(0.0, 2.0))


def own_prompt(world: World) -> None:
    """Send a line as the user, which leads to a dialog or not, as the mail comes."""
    plan, lasts = world.plan, world.chance.choice((1.0, 5.0))
    asks = world.chance.choice((None, world.chance.uniform(0.1, 0.9) * lasts))
    world.plan = lambda text: plan(text) if "amq drain" in text else Plan(lasts, asks_at=asks)
    _type(world, world.chance.choice(WORDS))
    world.run(world.chance.uniform(0.15, 0.5))
    _send(world)
    world.press(b"\r")
    world.run(world.chance.uniform(0.0, 9.0))
    world.plan = plan


def dialog_in_the_race(world: World) -> None:
    """Open a dialog that nothing delays, in the instants around the paste and the submit key, during a turn."""
    if world.cli.style.publishes:
        world.cli.work(world.now, Plan(8.0))
        _send(world)
        world.at(
            world.chance.uniform(0.0, 0.6), lambda: world.cli.open_dialog(world.now) if world.cli.working else None
        )
    world.run(world.chance.uniform(0.0, 6.0))
    _send(world)


def survey(world: World) -> None:
    """Show a question above the box that a digit answers."""
    world.cli.show_survey(world.now)
    _send(world)
    world.run(world.chance.uniform(0.0, 3.0))


def ghost_text(world: World) -> None:
    """Show a dim suggestion in the empty box, before the mail or in the race."""
    if world.chance.random() < 0.5:
        _send(world)
    world.run(world.chance.uniform(0.0, 0.3))
    if world.cli.style.suggests:
        world.cli.suggest("run the tests", world.now)
    _send(world)
    world.run(world.chance.uniform(0.0, 3.0))


def restored(world: World) -> None:
    """Let the CLI put a line back into its box.

    It does so by itself before the mail, or in the race as the user interrupts the turn. Like each key, Escape takes
    effect behind the keys that were pressed before it.
    """
    line = "what you had asked before"
    if world.chance.random() < 0.5:
        world.cli.restore(line, world.now)
        world.run(world.chance.uniform(0.05, 2.0))
        _send(world)
    else:
        _send(world)
        world.run(world.chance.uniform(0.0, 0.5))
        world.cli.restores = line
        world.press(b"\x1b")
    world.run(world.chance.uniform(0.0, 15.0))
    world.cli.restores = ""


def overlay(world: World) -> None:
    """Open an overlay as the user, in which Enter chooses."""
    if world.chance.random() < 0.5:
        _send(world)
        world.run(world.chance.uniform(0.0, 0.3))
    world.press(b"\x0f")
    _send(world)
    world.run(world.chance.uniform(0.0, 10.0))


def another_field(world: World) -> None:
    """Open a field as the user that looks like the box, before the mail or in the race, and type there or not."""
    if world.chance.random() < 0.5:
        _send(world)
        world.run(world.chance.uniform(0.0, 0.5))
    world.cli.hint = world.chance.choice(HINTS)
    world.press(b"\x1b[D")
    _send(world)
    world.run(world.chance.uniform(0.0, 10.0))
    _type(world, world.chance.choice((b"", b"name", b"name\x7f\x7f\x7f\x7f")))
    world.run(world.chance.uniform(0.0, 10.0))
    if world.cli.field is None:
        world.cli.hint = ""


def slow(world: World) -> None:
    """Slow the machine down: keys take effect late, and are drawn later."""
    lag, world.cli.lag = world.cli.lag, world.chance.choice((0.2, 0.6, 1.4, 2.5))
    _send(world)
    world.run(world.chance.uniform(0.5, 10.0))
    if world.chance.random() < 0.5:
        _type(world, b"hm")
    world.run(world.chance.uniform(0.5, 10.0))
    world.cli.lag = lag


def dies(world: World) -> None:
    """Crash with the mail, in the race, or before; start another agent."""
    _send(world)
    world.run(world.chance.uniform(0.0, 1.0))
    world.cli.crash()
    world.run(world.chance.uniform(0.0, 2.0))
    world.start(world.chance.uniform(0.0, 6.0))
    world.run(world.chance.uniform(0.0, 2.0))


SCENES: tuple[Callable[[World], None], ...] = (
    *[idle] * 12, half_a_line, typing_as_it_comes, typing_as_it_comes, pasted, many_lines, corrected, at_work, at_work,
    dialog, dialog, own_prompt, own_prompt, dialog_in_the_race, dialog_in_the_race, survey, ghost_text, restored,
    overlay, another_field, another_field, slow, dies,
)  # fmt: skip
