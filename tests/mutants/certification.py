"""Mutations of what keeps a certified CLI in its place, and of what a scenario is judged by."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

NETWORK = "tests/certify/test_network.py"
CERTIFIES = "tests/certify/test_certify.py"
TWICE = f"{CERTIFIES}::test_only_what_is_lost_has_a_second_attempt"

CERTIFICATION = (
    Mutant("a private network leaves its programs behind", "certify/network_holder.py", "main", "_kill_all(procfs.network())", "None", NETWORK),
    Mutant("in a user namespace everyone's directory is root's", "runtime/private_state.py", "_is_root_unseen",
           "procfs.hides_root() and found.st_uid == procfs.unmapped_user() == os.stat('/').st_uid", "True",
           "tests/runtime/test_private_state.py"),
    Mutant("in a user namespace root is another user", "runtime/private_state.py", "_is_root_unseen",
           "procfs.hides_root() and found.st_uid == procfs.unmapped_user() == os.stat('/').st_uid", "False",
           "tests/runtime/test_private_state.py"),
    Mutant("a tool that runs is broken into, and certified", "runtime/policy/schedule.py", "_decide",
           "event.agent.busy and (not _breaks_in(state, event, now, policy))", "False", CERTIFIES),
    Mutant("a process that a CLI leaves is not found", "certify/processes.py", "Processes.look",
           "self._now() - self._before", "set()", CERTIFIES),
    Mutant("an answer that was cut off counts as whole", "certify/mock_model.py", "_Requests._stream",
           "self.server.model.aborted += 1", "self.server.model.aborted += 0", CERTIFIES),
    Mutant("a scenario that was lost on a busy machine is a no", "certify/worker.py", "trials",
           "plan.retries and trial.kind == LOST and (lost is None)", "False", TWICE),
    Mutant("a scenario that is lost is tried for ever", "certify/worker.py", "trials", "lost is None", "True",
           TWICE),
    Mutant("a scenario with another failure is tried again", "certify/worker.py", "trials", "trial.kind == LOST",
           "trial.kind", TWICE),
    Mutant("a soak tries again what was lost", "certify/worker.py", "trials", "plan.retries", "True", TWICE),
    Mutant("a second attempt is in the session of the first", "certify/worker.py", "trials", "session = None", "pass",
           f"{CERTIFIES}::test_one_that_is_lost_is_tried_once_more"),
)  # fmt: skip
