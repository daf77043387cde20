"""Groups of agents: who gets mail to one, and what the registry keeps."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

GROUPS = "tests/cli/test_group.py"

OF_SEVERAL = (
    Mutant("a group means its sender too", "mail/recipients.py", "_members", "handle != account.me", "True", GROUPS),
    Mutant("a registry that cannot be read is empty", "mail/sending.py", "_named", "registry.read_registry(account.queue) or []",
           "account.registered() or []", GROUPS),
    Mutant("a pattern means its sender too", "mail/sending.py", "_named", "handle != account.me", "True", GROUPS),
    Mutant(
        "a member that has left fails the message", "mail/recipients.py", "_members",
        "handle == USER or registry.is_known(account.queue, handle)", "True", GROUPS,
    ),
    Mutant("a group has members of any form", "store/groups.py", "_are_handles", "is_handle(each)", "True", GROUPS),
    Mutant("a group has a name of any form", "store/groups.py", "_groups", "is_handle(name)", "True", GROUPS),
    Mutant("a broken registry is replaced", "store/registry.py", "change_members", "read_registry(queue) is None", "False", GROUPS),
    Mutant(
        "groups are changed without the lock", "store/registry.py", "change_members",
        "lock_beside(queue.meta, '.lock')", "Directory(queue.meta)", GROUPS,
    ),
    Mutant("a change of groups drops other keys", "store/groups.py", "with_groups", "others | ({_KEY: groups} if groups else {})", "{_KEY: groups, 'agents': members['agents']}", GROUPS),
    Mutant("@all can be set", "cli/commands/group_set.py", "run", "name == groups.ALL", "False", GROUPS),
    Mutant("a queue has any number of groups", "store/groups.py", "changed", "len(groups) >= _MOST_GROUPS", "False", GROUPS),
)  # fmt: skip
