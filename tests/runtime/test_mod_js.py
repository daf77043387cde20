"""The mod's amq.js by itself, in node: `mod_test.mjs` has the tests, and this the mutants that they must find."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from amq.runtime.agents.claude import mod_feed
from tests.crash.tools import require
from tests.seeds import SOAK

TESTS = Path(__file__).with_name("mod_test.mjs")
SOURCE = (Path(mod_feed.__file__).with_name("mod") / "hooks" / "amq.js").read_text(encoding="utf-8")
SUBAGENT, BEGINS, ENDS = "if (e.agentId === undefined", ") {\n      isBusy = true", ") {\n      isBusy = false"
MUTANTS = {
    "a host that has not written is reported everything": ("while (isFollowed || isHello)", "while (true)"),
    "a hello is tried for ever": ("if (!isFollowed) throw error;", ""),
    "an event that cannot be written is lost": ("if (!isFollowed) throw error;", "throw error;"),
    "a session waits for a host that does not read": (", $.clock.sleep(ENDED_WITHIN_MS)]", "]"),
    "a host that is gone is reported": ("isFollowed &&= value.code !== 0", "isFollowed &&= true"),
    "a killed child ends the receipts": ("isFollowed &&= value.code !== 0", "isFollowed = false"),
    "one failure keeps all events back": ('"hello")).catch(() => {})', '"hello"))'),
    "stderr is read": ('if (value.stream !== "stdout") continue;', ""),
    "an empty line is a line": (".filter((line) => line)", ""),
    "the beginning of a line is lost": ("(rest + value.text)", "(value.text)"),
    "a line is carried out before it has ended": ("rest = lines.pop();", 'rest = "";'),
    "an error is not reported": ('return report($, "error"', 'return undefined && report($, "error"'),
    "a conversation that cannot be read ends a step": ("settle($).catch((error) => fail($, error))", "settle($)"),
    "what was not given is a word": ("value ? [", "true ? ["),
    "the draft is reported whole": ("text.slice(0, DRAFT)", "text"),
    "an error of the session is not a refusal": (".catch((error) => ({ deny: `${error}` }))", ""),
    "refused texts begin a turn": ("(kept.deny !== undefined) return", "(kept.deny !== undefined)"),
    "a turn that runs gets another behind it": ("if (!isBusy) begin($);", "begin($);"),
    "a notice begins two turns": ("one.hasBegun = true;", ""),
    "a notice is not the user's own words": ("text: notice, asUser: true", "text: notice"),
    "a refused turn counts as begun": ("drop === undefined ?", "true ?"),
    "a failed submit is not reported": ('"held", { offer, reason: String(error) }', '"error"'),
    "a conversation without the texts has answered": ("= behind.deny !== undefined;", "= !(behind.some ??= () => 1);"),
    "texts without an answer behind them are answered": ('!behind.some((row) => row.role === "assistant")', "false"),
    "an answer is reported twice": ("waiting = waiting.filter((other) => other !== one);", ""),
    "a request without an answer is a receipt": (" && response.stopReason !== null", ""),
    "a subagent's step is a receipt": (f"{SUBAGENT} && response", "if (response"),
    "a subagent's turn is reported": (f"{SUBAGENT}{BEGINS}", f"if (true{BEGINS}"),
    "the end of a subagent's turn is reported": (f"{SUBAGENT}{ENDS}", f"if (true{ENDS}"),
    "a turn leaves behind what it did not take": ('outcome: e.reason });\n      begin($);', "outcome: e.reason });"),
    "texts go to a session that ends": ("if (nextBegins) await", "if (false) await"),
    "texts wait for a session for ever": ("[nextBegins, $.clock.sleep(NEXT_WITHIN_MS)]", "[nextBegins]"),
    "texts always wait": ("nextBegins = null;\n    return", "return"),
    "the texts of a session outlive it": ("waiting = [];\n    isBusy", "isBusy"),
    "a session that ends leaves a turn running": ("isBusy = false;\n    next", "next"),
    "the tools are found by a search only": ("isDeferred: false", "isDeferred: true"),
    "the tools are always there": ("if (run.tools) await", "await"),
    "a value is taken for an option": ("[`--${name}=${value}`]", "[`--${name}`, value]"),
    "an error of amq is a success": ("exitCode === 0 ?", "true ?"),
    "a failure of a tool falls through to a dialog": ("return { deny: String(error) };", "throw error;"),
}  # fmt: skip


def run(source: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests with the module's SOURCE, which is an ES module by its name."""
    require("node")
    module = directory / "amq.mjs"
    module.write_text(source, encoding="utf-8")
    environment = {**os.environ, "AMQ_MOD": module.as_uri()}
    return subprocess.run(["node", TESTS], env=environment, capture_output=True, text=True, check=False)


def test_the_module(tmp_path: Path) -> None:
    done = run(SOURCE, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not SOAK, reason="AMQ_SOAK=1 runs it")
@pytest.mark.parametrize("name", MUTANTS)
def test_without_a_guard_a_test_fails(tmp_path: Path, name: str) -> None:
    old, new = MUTANTS[name]
    assert SOURCE.count(old) == 1
    assert run(SOURCE.replace(old, new), tmp_path).returncode != 0
