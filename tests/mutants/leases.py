"""Leases: who gets a path, how long it counts, and what is left of one after a death."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

LEASES, PATTERNS = "tests/cli/test_lease.py", "tests/test_path_patterns.py"

GUARD = "tests/setup/test_lease_guard.py"

LEASED = (
    Mutant(
        "leases are changed without the lock", "store/leases.py", "change_leases",
        "lock_beside(queue.leases, _LOCK)", "Directory(queue.leases)", LEASES,
    ),
    Mutant(
        "a path has two holders for a moment", "store/leases.py", "change_leases",
        "len(after[holder]) - len(before.get(holder, []))", "len(before.get(holder, [])) - len(after[holder])", LEASES,
    ),
    Mutant("what a killed writer left stays", "store/leases.py", "change_leases", "_sweep(directory)", "None", LEASES),
    Mutant("a sweep takes all files", "store/leases.py", "_sweep", "name.startswith(TEMPORARY)", "True", LEASES),
    Mutant("an agent has any number of leases", "store/leases.py", "_data", "len(leases) > _MOST", "False", LEASES),
    Mutant("a file of leases is of any holder", "store/leases.py", "_parse", "wire['holder'] != holder", "False", LEASES),
    Mutant("a file of leases has any version", "store/leases.py", "_parse", "wire['schema'] != _SCHEMA", "False", LEASES),
    Mutant("a stored lease has any time", "store/leases.py", "_lease", "not 0 < for_s <= LONGEST_S", "False", LEASES),
    Mutant("a stored lease has any texts", "store/leases.py", "_lease", "type(text) is str", "True", LEASES),
    Mutant("any file is one of leases", "store/leases.py", "_read", "not is_handle(holder)", "False", LEASES),
    Mutant("a lease that counts is taken over", "mail/leasing.py", "take", "any(state.counts for state in warned)", "False", LEASES),
    Mutant("a lease of another work tree is taken over", "mail/leasing.py", "decide", "state.here", "True", LEASES, times=1),
    Mutant("a lease of another work tree counts", "mail/leasing.py", "State.counts", "self.here", "True", LEASES),
    Mutant("a lease of another repository warns", "mail/leasing.py", "_of_others", "lease.repository == place.repository", "True", LEASES),
    Mutant("one's own lease is in the way", "mail/leasing.py", "_of_others", "holder != account.me", "True", LEASES),
    Mutant("a lease taken over stays its holder's", "mail/leasing.py", "decide", "lease not in lost", "True", LEASES),
    Mutant("its holder gets no mail", "mail/leasing.py", "take", "_notify(account, [state for state in warned if state.here])", "None", LEASES),
    Mutant("a lease outlives its holder", "mail/leasing.py", "_is_there", "read_notifier(account.queue.agent(holder)) is not None", "True", LEASES),
    Mutant("unknown is gone", "mail/leasing.py", "_is_there", "True", "False", LEASES, times=2),
    Mutant("the user is always gone", "mail/leasing.py", "_is_there", "holder == USER", "False", LEASES),
    Mutant("a lease does not end", "mail/leasing.py", "_states", "left_s > 0", "True", LEASES),
    Mutant("what a holder does counts for nothing", "mail/leasing.py", "_left_s", "seen_ns is None", "True", LEASES),
    Mutant("a lease of the future lasts until then", "mail/leasing.py", "_left_s", "abs(now_ns - act)", "now_ns - act", LEASES),
    Mutant("a broken file of one's own is replaced", "mail/leasing.py", "_complain", "holder == account.me", "False", LEASES),
    Mutant("mail that cannot be sent fails a lease", "mail/leasing.py", "_notify", "(AmqError, OSError)", "()", LEASES),
    Mutant("work does not count", "cli/leased_paths.py", "seen", "_worked_ns(mailbox, handle)", "None", LEASES),
    Mutant("idle time counts as work", "cli/leased_paths.py", "_worked_ns", "int(state.seconds * SECOND_NS)", "0", LEASES),
    Mutant("who shows leases that have ended", "cli/leased_paths.py", "held_by", "state.state == HELD", "True", LEASES),
    Mutant("a path may be outside", "cli/leased_paths.py", "_from_top", "inside.split(os.sep)[0] == os.pardir", "False", LEASES),
    Mutant("links are not followed", "cli/leased_paths.py", "_from_top", "os.path.realpath(os.sep.join(names[:fixed]) or os.sep)", "os.sep.join(names[:fixed]) or os.sep", LEASES),
    Mutant("a path has any length", "cli/leased_paths.py", "_from_top", "len(path) > _LONGEST_CHARS", "False", LEASES),
    Mutant("any number of paths at once", "cli/leased_paths.py", "paths", "len(found) > _MOST_PATHS", "False", LEASES),
    Mutant("a lease of no time", "cli/commands/lease_take.py", "run", "not 0 < args.for_s <= leases.LONGEST_S", "False", LEASES),
    Mutant("check never fails", "cli/commands/lease_check.py", "run", "any(state.counts for state in found)", "False", LEASES),
    Mutant("case makes another path", "mail/path_patterns.py", "_names", "path.casefold()", "path", PATTERNS),
    Mutant("a directory is only itself", "mail/path_patterns.py", "_names", "path.endswith('/')", "False", PATTERNS),
    Mutant("a plain path has nothing below", "mail/path_patterns.py", "_with_below", "(*names, _ANY_NAMES) if is_plain else names", "names", PATTERNS),
    Mutant("a pattern has all below it", "mail/path_patterns.py", "_with_below", "(*names, _ANY_NAMES) if is_plain else names", "(*names, _ANY_NAMES)", PATTERNS),
    Mutant("positions are looked at again", "mail/path_patterns.py", "_meet", "at in seen", "False", PATTERNS),
    Mutant("a hook without a first line of a shell gets the guard", "setup/lease_guard.py", "installing", "shebang is None", "False", GUARD),
    Mutant("a hook that is a link is replaced", "setup/lease_guard.py", "installing", "os.path.islink(path)", "False", GUARD),
    Mutant("a hook that git does not run gets the guard", "setup/lease_guard.py", "installing", "not os.access(path, os.X_OK)", "False", GUARD),
    Mutant("the guard is behind the hook's own lines", "setup/lease_guard.py", "installing", "text[:at] + block + text[at:]", "text + block", GUARD),
    Mutant("the guard is added again", "setup/lease_guard.py", "installing", "_OURS.sub('', _decoded(path, before))", "_decoded(path, before)", GUARD),
    Mutant("a hook that amq made stays", "setup/lease_guard.py", "uninstalling", "text == _NEW", "False", GUARD),
    Mutant("an empty hook of the user's is removed", "setup/lease_guard.py", "uninstalling", "text.encode() != before", "True", GUARD),
    Mutant("a new hook cannot be run", "setup/hooks.py", "Change.write", "self.mode", "durable.FILE_MODE", GUARD),
    Mutant("the guard stops merges and rebases", "cli/commands/lease_guard.py", "_in_the_way", "_is_of_others()", "False", GUARD),
    Mutant("the guard always stops", "cli/commands/lease_guard.py", "_check", "args.block", "True", GUARD),
    Mutant("the guard stops for leases that only warn", "cli/commands/lease_guard.py", "_check", "state.counts", "True", GUARD),
    Mutant("the guard fails for a stranger", "cli/commands/lease_guard.py", "_check", "(AmqError, OSError)", "()", GUARD),
    Mutant("the guard checks any number of paths", "cli/commands/lease_guard.py", "_in_the_way", "names[:_MOST_PATHS]", "names", GUARD),
)  # fmt: skip
