"""A week of an agent with hooks: the scenes of `scenarios`, and what a long life adds to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.agents.cli_styles import Style
from tests.agents.hooked import HookedWorld
from tests.agents.scenarios import SCENES, Life, Tally, idle
from tests.agents.world import World

SET_S = (-86_400.0, -3_600.0, -2.0, -0.128, 0.128, 2.0, 3_600.0, 86_400.0)
"""Steps of the wall clock in seconds: by a user, at a change of time zone, and by NTP."""
SLEPT_S = (20.0, 3_600.0, 8 * 3_600.0)
FLOOD_BYTES = (1 << 12, 1 << 16, 1 << 20)


class Week(Life):
    """The long life of one agent, with QUIET more idle scenes to choose from. Its tally has the faults of its world."""

    def __init__(self, style: Style, seed: str, place: Path, quiet: int) -> None:
        self.style = style
        self.world = HookedWorld(style, seed, place)
        added: tuple[Callable[[HookedWorld], None], ...] = (clock_is_set, sleeps, at_tools, is_replaced, is_flooded)
        scenes = *[idle] * quiet, *SCENES, *(self._in_hooked(scene) for scene in added for _ in range(3))
        super().__init__(style, seed, self.world, scenes)

    def live(self, scenes: int) -> Tally:
        """Live through SCENES more; return the counts of all of them."""
        super().live(scenes)
        self.tally.faults += self.world.faults
        self.world.faults.clear()
        self.world.notes.clear()
        return self.tally

    def _in_hooked(self, scene: Callable[[HookedWorld], None]) -> Callable[[World], None]:
        def played(_: World) -> None:
            scene(self.world)

        played.__name__ = scene.__name__
        return played


def clock_is_set(world: HookedWorld) -> None:
    """Set the wall clock, before the mail, on its way to the model, or after it."""
    chance = world.chance
    if chance.random() < 0.3:
        _set(world)
    world.mail(chance.choice(("normal", "urgent")))
    world.run(chance.uniform(0.0, 3.0))
    _set(world)
    world.run(chance.uniform(0.0, 2.0))
    if chance.random() < 0.5:
        world.mail()


def _set(world: HookedWorld) -> None:
    world.set_s += world.chance.choice(SET_S)


def sleeps(world: HookedWorld) -> None:
    """Suspend the machine in the instants around the paste and the turn, and let mail come while it sleeps."""
    chance = world.chance
    world.mail()
    world.run(chance.choice((0.0, chance.uniform(0.0, 0.6), chance.uniform(0.0, 3.0))))
    world.suspend(chance.choice(SLEPT_S))
    if chance.random() < 0.5:
        world.mail()
    world.run(chance.uniform(0.0, 3.0))


def at_tools(world: HookedWorld) -> None:
    """Deliver mail in a turn with tools, whose hooks give it, or leave it to the end of the turn."""
    chance = world.chance
    world.next_turn = chance.choice((2.0, 8.0)), chance.choice((1, 3, 6))
    for key in (b"go on", b"\r"):
        world.press(key)
        world.run(chance.uniform(0.2, 0.4))
    for _ in range(chance.choice((1, 1, 3))):
        world.mail(chance.choice(("normal", "urgent", "urgent")))
        world.run(chance.uniform(0.0, 3.0))


def is_replaced(world: HookedWorld) -> None:
    """End agent and host with mail on its way, as for another version of either, and start both again."""
    chance = world.chance
    world.mail()
    world.run(chance.uniform(0.0, 4.0))
    world.cli.crash()
    world.start(chance.uniform(0.2, 3.0))
    world.run(chance.uniform(0.0, 2.0))


def is_flooded(world: HookedWorld) -> None:
    """Print much at once, before the mail or after it."""
    chance = world.chance
    if chance.random() < 0.5:
        world.mail()
    world.flood(chance.choice(FLOOD_BYTES))
    world.mail()
    world.run(chance.uniform(0.0, 3.0))
