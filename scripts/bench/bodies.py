"""Measure what a mail costs a real agent's CLI: the requests of a mock model, and how soon one holds the body."""

from __future__ import annotations

from collections.abc import Iterator

from measure import Bench, Figure, figure


def bodies(bench: Bench) -> Iterator[Figure]:
    """Measure the newest CLIs that are pinned, idle, with hooks; what is not installed is left out."""
    import agents

    usable = {agent.program: agent for agent in agents.usable() if agent.newest}
    for program in ("claude", "codex"):
        rows = (f"requests-{program}", f"body-{program}")
        if not bench.wanted.intersection(rows):
            continue
        if program not in usable:
            bench.leave_out(f"mail in a request of {program}: the real CLIs are not here; {agents.NEEDS}")
            continue
        requests, took, faults = agents.delivered(usable[program], bench.sizes.runs, bench.say, "--allow-amq")
        if wrong := [f"{count:g} {what}" for what, count in faults.items() if count]:
            bench.leave_out(f"mail in a request of {program}, which went wrong: {', '.join(wrong)}")
            continue
        yield figure(rows[0], [requests])
        yield figure(rows[1], took)
