"""Mutations of the portions of output, and of the handling of mail that cannot be read."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PORTIONS, LOST, BUDGET = "tests/cli/test_portions.py", "tests/cli/test_unreadable.py", "tests/test_output_budget.py"
CALM, STEPS, LAUNCH = (
    "tests/store/test_priority_cache.py",
    "tests/crash/test_every_step.py",
    "tests/runtime/test_launch.py",
)

SHOWN_AT_ONCE = (
    Mutant("all that is held is shown", "mail/draining.py", "Drain._read_fitting", "item is not None and (not fits(item))",
           "False", PORTIONS),
    Mutant("a message without room stays claimed", "mail/draining.py", "Drain._read_fitting", "looked_at < len(held)", "False",
           PORTIONS),
    Mutant("a message without room does not remain", "mail/draining.py", "Drain._read_fitting",
           "self.remaining + len(held) - looked_at", "self.remaining", PORTIONS),
    Mutant("a mark is lost where there was no room", "store/drain_claim.py", "DrainClaim.narrow",
           "self.unsettled.difference(ids)", "set()", PORTIONS),
    Mutant("the wide record stays", "store/drain_claim.py", "DrainClaim.narrow", "durable.discard(drains, before[0][0])", "None",
           PORTIONS),
    Mutant("a record that could not be narrowed is not claimed", "store/drain_claim.py", "DrainClaim.narrow",
           "self._record, self.ids, self.unsettled = before", "None", PORTIONS),
    Mutant("there is no default", "output_budget.py", "", "Budget(20000, in_bytes=True)", "Budget(0)", PORTIONS),
    Mutant("bytes are characters", "output_budget.py", "Budget.size", "self.in_bytes and (not text.isascii())", "False",
           f"{BUDGET} {PORTIONS}"),
    Mutant("a first message without room is left", "output_budget.py", "Room.takes", "self._is_empty or self._left >= 0",
           "self._left >= 0", f"{BUDGET} {PORTIONS}"),
    Mutant("a long body is not cut", "cli/commands/drain.py", "show_text", "count == 1", "False", PORTIONS),
    Mutant("a part is not framed", "mail/truncation.py", "part", "shown(rest[:at])", "rest[:at] + '\\n'", PORTIONS),
    Mutant("an indented part has no end", "mail/truncation.py", "part",
           "over <= 0 or wanted == 1 or at > wanted", "True", PORTIONS),
    Mutant("a subject without end is shown whole", "mail/rendering.py", "_in_part", "len(value) <= most", "True", PORTIONS),
    Mutant("an id is not quoted", "mail/truncation.py", "_how_to_go_on", "shell(identifier)", "identifier", PORTIONS),
    Mutant("a place behind the end is read", "cli/commands/read.py", "_text", "args.start > len(lines)", "False", PORTIONS),
    Mutant("a letter loses its accents", "text.py", "_is_inside", "category(after)[0] == 'M'", "False", BUDGET),
    Mutant("a family is parted", "text.py", "_is_inside", "'\\u200d' in (before, after)", "False", BUDGET),
    Mutant("flags are parted", "text.py", "_is_inside",
           "(at - len(text[:at].rstrip(_FLAGS))) % 2 == 1", "False", BUDGET),
    Mutant("another agent's budget is the user's", "runtime/launch.py", "_output_budget",
           "own and own not in given", "own", LAUNCH),
    Mutant("the user's word on the budget does not count", "runtime/launch.py", "_output_budget",
           "own and own not in given", "False", LAUNCH),
    Mutant("a lowered limit is not known", "runtime/agents/profile.py", "ToolOutput.budget",
           "environment.get(self.variable, '')", "''", LAUNCH),
    Mutant("a limit can be raised", "runtime/agents/profile.py", "ToolOutput.budget",
           "min(self.most, int(lowered) if lowered.isascii() and lowered.isdecimal() else self.most)",
           "int(lowered) if lowered.isascii() and lowered.isdecimal() else self.most", LAUNCH),
)  # fmt: skip

UNREADABLE = (
    Mutant("an unreadable file is a bad message", "mail/draining.py", "_read",
           "raise maildir.unreadable(new, identifier, error) from error",
           "return Drained(identifier, None, '', 0, again, acked=False, error=BadMessage(str(error)))", LOST),
    Mutant("an unreadable file takes a place", "mail/drain_order.py", "in_order",
           "[each for each in ordered if each not in lost] if lost else ordered", "ordered", LOST),
    Mutant("an unreadable file remains", "store/drain_claim.py", "claim", "present.difference(held, unreadable)",
           "present - held", LOST),
    Mutant("a known and unreadable file keeps its place", "mail/draining.py", "Drain._read",
           "priority_cache.forget_all(self._account.agent)", "None", CALM),
    Mutant("unreadable mail is not reported", "mail/draining.py", "Drain.__exit__",
           "_warn_of(self._account, self.unreadable)", "None", LOST),
    Mutant("mail that cannot be read is an empty inbox", "cli/commands/drain.py", "run",
           "mail.unreadable and (not mail.count)", "False", LOST),
    Mutant("mail that cannot be read is not a message", "store/maildir.py", "look",
           "unreadable(directory, identifier, error)", "BadMessage(str(error))", LOST),
    Mutant("a purge removes what was moved aside", "cli/commands/dlq_purge.py", "run", "letter.box != refused_files.BOX", "True", LOST),
    Mutant("a file that was moved aside is not restored", "mail/dead_letters.py", "retry", "letter.box == refused_files.BOX", "False",
           LOST),
    Mutant("a restored file is not synced", "mail/dead_letters.py", "_bring_back", "refused_files.settle(agent, refused)", "None",
           "tests/crash/test_weak_filesystems.py"),
    Mutant("a restored file may be another's", "mail/dead_letters.py", "_bring_back", "there not in (None, original)",
           "False", LOST),
    Mutant("a file restored by another is a failure", "store/refused_files.py", "redeliver", "FileNotFoundError",
           "ZeroDivisionError", STEPS),
)  # fmt: skip
