"""Mutations of the agent API of opencode: whose session it is, who may use it, and what counts as taken."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_SERVER, _TEST = "runtime/agents/opencode/server.py", "tests/runtime/test_opencode_server.py"

OPENCODE = (
    Mutant("a subagent's session gets the line", _SERVER, "Server._is_main",
           "'parentID' not in self._get(f\"/session/{quote(session, safe='')}\")", "True", _TEST),
    Mutant("opencode's server lets all in", _SERVER, "choose",
           "environment.get(_PASSWORD) or token_urlsafe(24)", "environment.get(_PASSWORD) or ''", _TEST),
    Mutant("a text that opencode may have taken is typed, too", _SERVER, "Server.tell",
           "End(Outcome.UNCERTAIN, f'opencode server: {error}')", "End(Outcome.REFUSED, str(error))", _TEST),
    Mutant("a plan is carried out by the usual agent", _SERVER, "Server.tell", "_chosen(session)", "{}", _TEST),
    Mutant("a server that is gone is there", _SERVER, "Server.is_there", "self._running() is not None", "True", _TEST),
    Mutant("a busy opencode is asked at each look", _SERVER, "Server.look", "now - self._looked >= LOOK_EVERY_S", "True", _TEST),
    Mutant("an idle opencode is asked for its session", _SERVER, "Server.look", "readiness.busy", "True", _TEST),
    Mutant("the password of opencode's server is shown", "runtime/launch.py", "plan", "name in secret", "False",
           "tests/runtime/test_launch.py"),
)  # fmt: skip
