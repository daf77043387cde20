"""Mutations of what a verdict about a version allows, of the care for other versions, and of the signs of a new look.

The last ones remove a gate of typing: a certification of a fake in which that gate alone holds the line back fails.
"""

from __future__ import annotations

from tests.mutants.mutant import Mutant

POLICY, TABLE = "runtime/policy/certification.py", "tests/runtime/test_certification.py"
GATE, GATE_TESTS = "runtime/policy/injection.py", "tests/runtime/test_injection.py"
FOUND, RUN_TESTS = "runtime/certified.py", "tests/runtime/test_untested_versions.py"
CACHE, CACHE_TESTS = "runtime/agents/version_cache.py", "tests/runtime/test_version_cache.py"
VERDICTS, VERDICT_TESTS = "runtime/verdicts.py", "tests/runtime/test_verdicts.py"
DRIFT, DRIFT_TESTS = "runtime/policy/drift.py", "tests/runtime/test_drift.py"
START_TESTS, LAUNCH_TESTS = "tests/runtime/test_at_start.py", "tests/runtime/test_launch.py"
ALONE = "tests/certify/test_certify.py::test_each_gate_"

CERTIFIED = tuple(
    Mutant(name, file, where, old, new, tests)
    for file, tests, mutations in (
        (POLICY, TABLE, (
            ("another version is as a tested one", "limits", "Limits(is_certain=is_tested)", "Limits()"),
            ("a version that failed is typed into", "limits", "_first(typing)", "''"),
            ("a version that failed while it worked is typed into then", "limits",
             "_first([failed[name] for name in _BUSY if name in failed])", "''"),
            ("hooks that failed are given", "limits", "failed.get(BODY, '')", "''"),
            ("a few scenarios are enough", "limits", "all((name in results for name in _ESSENTIAL))", "True"),
            ("a body that did not come allows the plugin", "limits", "results.get(BODY) == ''", "True"),
            ("a mode that stays on ends typing", "", "('exit',)", "()"),
            ("a named prompt is that of a CLI", "limited", "rules.at_prompt", "False"),
            ("another version need not say what it does", "limited", "publishes and (not found.is_certain)", "False"),
            ("a CLI that says nothing has to", "limited", "publishes and (not found.is_certain)", "not found.is_certain"),
            ("another version gets the key of an old one", "limited", "is_another and rules.submit", "False"),
            ("the only key is taken away", "limited", "is_another and rules.submit", "is_another"),
            ("a version that is not known is taken for a new one", "limited", "is_known and (not found.is_certain)",
             "not found.is_certain"),
        )),
        (GATE, GATE_TESTS, (
            ("a version that failed blocks nothing", "gate", "WaitReason.NOT_CERTIFIED if rules.off else WaitReason.UNKNOWN_SCREEN", "None"),
            ("a version that must idle is typed into", "_version_forbids",
             "rules.only_idle and (look.row.working or not is_idle(look, rules))", "False"),
            ("a working row is idle, as it says", "_version_forbids", "look.row.working or not is_idle(look, rules)",
             "not is_idle(look, rules)"),
            ("another version may be silent", "_version_forbids",
             "not says_idle and look.published is not AgentState.WORKING", "False"),
            ("a working version that was not tested is silent", "_version_forbids",
             "not says_idle and look.published is not AgentState.WORKING", "not says_idle"),
            ("its row need not agree", "_version_forbids", "says_idle and look.row.working", "False"),
            ("an old version's title says nothing", "_version_forbids",
             "look.published is None and _has_idle_title(look, rules)", "False"),
        )),
        (FOUND, RUN_TESTS, (
            ("a version is announced at each start", "Certified.warning",
             "not self.version or self.is_judged or self.limits.is_certain", "not self.version"),
        )),
        ("runtime/launch_preview.py", "tests/cli/test_run.py", (
            ("a check knows no verdict", "installed", "certified(profile, program, environment, private, amq, version)", "Certified()"),
        )),
        ("setup/checks_machine.py", "tests/setup/test_doctor.py", (
            ("a certified version is untested", "_version", "found.is_judged", "False"),
        )),
        ("runtime/drift_file.py", DRIFT_TESTS, (
            ("a huge count is an internal error", "read_drift", "(OSError, ValueError, TypeError, AttributeError, OverflowError)",
             "(OSError, ValueError, TypeError, AttributeError)"),
        )),
        (CACHE, CACHE_TESTS, (
            ("a program that was installed anew is the old one", "cached_version",
             "identity and identity == _identity(path)", "identity"),
            ("a program with its old time is the old one", "_identity", "found.st_ctime_ns", "0"),
            ("what cannot be noted is announced at each start", "_write", "not private.directory", "not known"),
            ("the same is announced twice", "is_first", "what in known.announced", "False"),
        )),
        (VERDICTS, VERDICT_TESTS, (
            ("another amq's verdict counts", "read_verdict",
             "(each.program, each.version, each.amq) == (program, version, amq)",
             "(each.program, each.version) == (program, version)"),
            ("another version's verdict counts", "read_verdict",
             "(each.program, each.version, each.amq) == (program, version, amq)", "each.amq == amq"),
            ("a word leads out of the folder", "_safe", "sign.isascii() and (sign.isalnum() or sign in '._+-')", "True"),
            ("any object is a verdict", "_verdict",
             "isinstance(results, dict) and all((isinstance(each, str) for each in [*words, *results.values()]))", "True"),
        )),
        (DRIFT, DRIFT_TESTS, (
            ("a lost row is counted at each look", "looked", "signs.is_lost and (not before.last.is_lost)",
             "signs.is_lost"),
            ("late hooks are silent", "looked", "counts.pop(HOOKS, None)", "None"),
            ("a program fills the file", "looked",
             "word in counts or sum((name.startswith(STATE) for name in counts)) < MOST_STATES", "True"),
        )),
        ("pty/osc_state.py", "tests/pty/test_osc_state.py", (
            ("a failed turn has ended", "TitleAndState.take",
             "before is AgentState.WORKING and self.published in _AT_REST", "before is AgentState.WORKING"),
            ("a pause is a turn", "TitleAndState.take", "before is AgentState.WORKING and self.published in _AT_REST",
             "self.published in _AT_REST"),
        )),
        ("runtime/channels/hosted_terminal.py", "tests/runtime/test_pty_channel.py", (
            ("hooks that are called are silent", "PtyChannel.look", "look.turns and self._agent_status.hooks_silent",
             "look.turns"),
        )),
        ("runtime/loop.py", "tests/runtime/test_loop.py", (
            ("a key without effect is not counted", "WakeLoop._ended", "end.reason == NO_EFFECT", "False"),
            ("the signs are written at each look", "WakeLoop._note", "found.counts != self._drift.counts", "True"),
            ("the reason of a version that failed is not recorded", "WakeLoop._why",
             "self._state.reason is WaitReason.NOT_CERTIFIED", "False"),
        )),
        ("runtime/version_limits.py", "tests/runtime/test_version_limits.py", (
            ("a wake knows no verdict", "VersionLimits.__call__", "within_limits(profile, found)", "profile"),
            ("a wake runs whatever calls itself so", "VersionLimits._ask",
             "not path or not (os.sep not in word or _is_same(path, word))", "not path"),
            ("a wake asks a silent program at each look", "VersionLimits._ask", "path not in self._asked", "True"),
            ("a wake announces what the user describes", "first_warning", "path and place.profile is None", "path"),
        )),
        ("runtime/agents/foreground.py", "tests/runtime/test_version_limits.py", (
            ("a program in the foreground has no limits", "agent_called",
             "profile, version = limit(profile, word, status.version())", "version = status.version()"),
            ("another version than the installed one has its limits", "says_another",
             "agent.agent_status.version() not in ('', agent.version)", "False"),
            ("a container has the limits of a version", "ForegroundDetector._known", "None if hidden else self._limit",
             "self._limit"),
        )),
        ("runtime/channels/pane.py", "tests/runtime/test_pane_channel.py", (
            ("the screen of a pane says what another version does", "PaneChannel._seen",
             "rules.must_agree and said_itself is None", "False"),
        )),
        ("runtime/channels/unseen_terminal.py", "tests/runtime/test_unseen_terminal.py", (
            ("a version that failed is typed into unseen", "BlindChannel._waits_for",
             "agent.rules.off or (agent.rules.must_agree and (not self._submit))", "agent.rules.must_agree and (not self._submit)"),
            ("another version is typed into unseen", "BlindChannel._waits_for",
             "agent.rules.off or (agent.rules.must_agree and (not self._submit))", "agent.rules.off"),
            ("an unseen version that must idle is typed into", "BlindChannel._waits_for",
             "agent.rules.only_idle and said not in IDLE", "False"),
        )),
        ("runtime/at_start.py", START_TESTS, (
            ("a certified version gets no plugin", "_why_version_has_none",
             "version in profile.plugin_versions or found.limits.has_body", "version in profile.plugin_versions"),
        )),
        ("runtime/launch.py", LAUNCH_TESTS, (
            ("hooks that failed are added", "_hooks", "start.certified.limits.channels and (not options.hooks)", "False"),
            ("hooks that the user wants are not added", "_hooks",
             "start.certified.limits.channels and (not options.hooks)", "start.certified.limits.channels"),
            ("a verdict changes no rule", "plan", "within_limits(profile, start.certified)", "profile"),
        )),
    )
    for name, where, old, new in mutations
) + tuple(
    Mutant(f"certified without {name}", f"runtime/policy/{module}.py", where, old, new, f"{ALONE}{trial}]")
    for name, module, where, old, new, trial in (
        ("the gate of the published state", "injection", "gate", "look.published in AWAY", "False", "holds_alone[overlays-dialog"),
        ("the gate of the missing row", "injection", "_row_forbids",
         "return WaitReason.UNKNOWN_LOOK if is_lost else WaitReason.DIALOG", "return None", "holds_alone[silent-dialog"),
        ("the gate of other places", "injection", "_row_forbids", "return WaitReason.UNKNOWN_SCREEN", "return None",
         "holds_alone[silent-places"),
        ("the gate of text in the row", "injection", "_row_forbids", "return WaitReason.DRAFT", "return None",
         "that_stays_closed_is_named[prefilled-draft"),
        ("the gate of the user's keys", "injection", "gate",
         "look.draft and (not _ours_is_seen(ours, look, rules, now))", "False", "holds_alone[lags-draft"),
        ("the gate of readiness", "injection", "gate", "not _is_ready(look, rules, now)", "False", "holds_alone[deaf-ready"),
        ("the gate of pastes", "injection", "gate", "not _takes_a_line(look, rules)", "False",
         "that_stays_closed_is_named[no-pastes-unknown-screen"),
        ("the care for other versions", "injection", "_version_forbids", "not rules.must_agree", "True",
         "that_stays_closed_is_named[unversioned-not-certified"),
        ("the gate of a working agent", "schedule", "_decide",
         "event.agent.busy and (not _breaks_in(state, event, now, policy))", "False", "holds_alone[-tool"),
        ("the time between two lines", "schedule", "_ended",
         "now + policy.remind_after_s[min(state.tries, policy.attempts - 1)]", "now", "holds_alone[dawdles-idle"),
        ("the proof before a submit key", "injection", "_is_proven", "look.row.is_exactly(state.text)", "True",
         "that_stays_closed_is_named[cuts-nothing"),
    )
)  # fmt: skip
