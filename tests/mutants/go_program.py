"""A queue that the Go program uses too: what it waits for, and what it takes."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

GO = "tests/cli/test_go_program.py"

BESIDE_GO = (
    Mutant(
        "receipts are written everywhere", "mail/draining.py", "Drain._write_receipts",
        "any((directories.exists(account.queue.agent(each).receipts) for each in (account.me, *senders)))", "True", GO,
    ),
    Mutant("a sender's receipts do not matter", "mail/draining.py", "Drain._write_receipts", "(account.me, *senders)", "(account.me,)", GO),
    Mutant("a dead letter counts as drained", "store/drain_receipts.py", "_receipt", "'dlq' if wrong else 'drained'", "'drained'", GO),
    Mutant("a receipt is written over", "store/drain_receipts.py", "write", "not durable.exists(receipts, name)", "True", GO),
    Mutant(
        "a receipt that fails fails the drain", "mail/draining.py", "Drain._write_receipts",
        "account.warn_once(f'a receipt for the Go program was not written: {why(error)}')", "raise", GO,
    ),
    Mutant("a receipt that fails keeps others from theirs", "store/drain_receipts.py", "write", "failure = failure or error", "raise", GO),
    Mutant("amq does not warn of mail that another program took", "mail/draining.py", "Drain._take", "gone.append(identifier)", "None", GO),
    Mutant("a mailbox lacks acknowledgements for ever", "store/acks.py", "_made", "directories.make([path.parent, path])", "None", GO),
    Mutant("an agent that is gone gets a mailbox", "store/acks.py", "_open", "return None", "pass", GO),
)  # fmt: skip
