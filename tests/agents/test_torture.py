"""Mail for many agents while everything goes wrong. A fault names the agent, the seed and the scene."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.agents.cli_styles import STYLES, Style
from tests.agents.scenarios import Life, Tally
from tests.agents.world import World
from tests.proof_table import Proof
from tests.seeds import SEED, SOAK, TOLD

SCENES = 25  # in the life of one agent
INJECTIONS = 10_000 if SOAK else 1_000  # texts that are typed, in all styles together


def play(style: Style, seed: str, injections: int) -> Tally:
    """Play lives of agents of one STYLE until INJECTIONS texts have been typed into them."""
    tally, life = Tally(), 0
    while tally.injections < injections:
        with tempfile.TemporaryDirectory() as place:
            name = f"{seed}-{life}"
            agent = Life(style, name, World(style, name, Path(place)))
            agent.begin()
            tally.add(agent.live(SCENES))
        life += 1
    return tally


@pytest.mark.timeout(900)
@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_nothing_is_approved_and_no_draft_is_merged_and_all_mail_is_announced(style: Style, proof: Proof) -> None:
    tally = play(style, str(SEED), INJECTIONS // len(STYLES) + 1)
    proof.add(points=tally.injections, met=tally.injections, violations=len(tally.faults))
    assert not tally.faults, "\n".join(tally.faults)
    assert tally.once >= 0.999 * tally.idle, f"{TOLD}: {tally}"
