"""The counts of signs that a program does not look as known, and their file."""

from __future__ import annotations

from pathlib import Path

import pytest

from amq.runtime.drift_file import note_drift, read_drift
from amq.runtime.policy.drift import MOST_STATES, NO_DRIFT, NO_SIGNS, Drift, Signs, key_without_effect, looked, sentence

LOST = Signs(is_lost=True)


def after(*looks: Signs) -> Drift:
    found = NO_DRIFT
    for signs in looks:
        found = looked(found, signs)
    return found


@pytest.mark.parametrize(
    ("looks", "counts"),
    [
        ([], {}),
        ([NO_SIGNS, NO_SIGNS], {}),
        ([LOST], {"row": 1}),
        ([LOST, LOST, LOST], {"row": 1}),
        ([LOST, NO_SIGNS, LOST], {"row": 2}),
        ([LOST, Signs(is_lost=True, silent_turns=1)], {"row": 1, "hooks": 1}),
        ([Signs(silent_turns=1), Signs(silent_turns=2), Signs(silent_turns=2)], {"hooks": 2}),
        ([Signs(silent_turns=2), NO_SIGNS], {}),
        ([Signs(unknown_state="odd"), Signs(unknown_state="odd"), LOST], {"state:odd": 1, "row": 1}),
        ([Signs(unknown_state="odd"), Signs(unknown_state="even")], {"state:odd": 1, "state:even": 1}),
        ([Signs(unknown_state=str(at)) for at in range(9)], {f"state:{at}": 1 for at in range(MOST_STATES)}),
    ],
)
def test_signs_are_counted(looks: list[Signs], counts: dict[str, int]) -> None:
    assert after(*looks).counts == counts


def test_a_look_with_nothing_new_is_free() -> None:
    found = after(LOST)
    assert looked(found, LOST) is found


def test_keys_without_effect_are_counted() -> None:
    found = key_without_effect(key_without_effect(after(LOST)))
    assert found.counts == {"row": 1, "key": 2}
    assert looked(found, LOST).counts == found.counts


def test_the_counts_in_words() -> None:
    assert sentence({}) == ""
    assert sentence({"state:odd": 1, "key": 1, "row": 3, "hooks": 2}) == (
        "its program no longer looks as known: its input row was not found while it said that it was idle (3 times); "
        "the submit key had no effect (once); it ended a turn without having called a hook (2 times); it said that its "
        "state is `odd`"
    )


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    files = str(tmp_path)
    assert read_drift(files) == {}
    note_drift(files, {"row": 2, "state:odd": 1})
    assert read_drift(files) == {"row": 2, "state:odd": 1}
    for damaged in ("", "[]", '{"row": "x"}', '{"row": null}', '{"row": 1e999}'):
        (tmp_path / "drift.json").write_text(damaged)
        assert read_drift(files) == {}


def test_without_a_directory_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for files in ("", str(tmp_path / "gone")):
        note_drift(files, {"row": 1})
        assert read_drift(files) == {}
    assert list(tmp_path.iterdir()) == []
