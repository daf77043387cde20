"""Mail between hosts: what the ledger asks again, in which order steps are taken, and what is done once only."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

NAMES, WORLD, WIRE, FILES, LOCAL = (
    f"tests/bridge/test_{name}.py" for name in ("names", "exchange", "wire", "files", "local")
)
STEPS, HUB = "tests/crash/test_every_step.py", "tests/bridge/test_jetstream.py"
DAEMON = "tests/bridge/test_daemon.py"

CARRIED = (
    Mutant("mail of another host leaves", "bridge/names.py", "leaving", "header.sender in remote", "False", NAMES),
    Mutant("a name abroad has any length", "bridge/names.py", "abroad", "not is_handle(name)", "False", NAMES),
    Mutant("a recipient is on no host", "bridge/names.py", "arriving", "not HOST.fullmatch(name.rpartition('-')[2]) or '-' not in name", "False", NAMES),
    Mutant("a file grows over the limit", "bridge/names.py", "_translated", "len(after) > MAX_FILE_BYTES", "False", NAMES),
    Mutant("a thread is that of any pair", "bridge/names.py", "thread", "len(pairs) != 1", "not pairs", NAMES),
    Mutant("a new hub is the old one", "bridge/ledger.py", "Epoch.continues", "self.created == earlier.created", "True", WORLD),
    Mutant("a hub that lost messages is the old one", "bridge/ledger.py", "Epoch.continues", "self.last_seq >= earlier.last_seq", "True", WORLD),
    Mutant("hints outlive their hub", "bridge/ledger.py", "Outgoing.hub", "self._wait(item, progress)", "pass", WORLD),
    Mutant("the same hub is believed", "bridge/ledger.py", "Outgoing.hub", "self._ask_about(item)", "pass", WORLD),
    Mutant("what was in flight is forgotten", "bridge/ledger.py", "Outgoing.cut_off", "self._wait(item, progress)", "pass", WORLD),
    Mutant("a hint is believed", "bridge/ledger.py", "Outgoing._begin", "self._ask_about(item)", "pass", WORLD),
    Mutant("what the hub had before is not asked about", "bridge/ledger.py", "Outgoing.published", "is_repeat or progress.boot != self._boots.get(item.host, '')", "False", WORLD),
    Mutant("a start while mail was on its way goes unseen", "bridge/ledger.py", "Outgoing.published", "progress.boot != self._boots.get(item.host, '')", "False", WORLD),
    Mutant("a host that started again is not asked", "bridge/ledger.py", "Outgoing.heard", "self._boots.get(host) != boot", "False", WORLD),
    Mutant("a receipt of an earlier start is believed", "bridge/ledger.py", "Outgoing.receipt", "boot != self._boots.get(item.host)", "False", WORLD),
    Mutant("a receipt from a backup is believed", "bridge/ledger.py", "Outgoing.receipt", "progress.stage == WAITING", "False", WORLD),
    Mutant("an item has any state", "bridge/ledger.py", "Outgoing.receipt", "state not in STATES[item.kind]", "False", WORLD),
    Mutant("what is not known there is not sent again", "bridge/ledger.py", "Outgoing.receipt", "self._wait(item, progress)", "pass", WORLD),
    Mutant("it is sent again under the old name", "bridge/ledger.py", "Outgoing.receipt", "progress.salt = salt", "pass", WORLD),
    Mutant("a full hub is asked at once", "bridge/ledger.py", "Outgoing.take", "now_s < self._again_s", "False", WORLD),
    Mutant("one bad message holds up the others", "bridge/ledger.py", "Outgoing.failed", "is_full", "True", WORLD),
    Mutant("a message that left is forgotten too early", "bridge/ledger.py", "Incoming.tell", "receipt.state != THERE", "True", WORLD),
    Mutant("a later receipt is lost", "bridge/ledger.py", "Incoming.told", "waiting.get(receipt.item) == receipt", "receipt.item in waiting", WORLD),
    Mutant("the hub forgets before the disk has it", "bridge/exchange.py", "Exchange._answer", "state == BUSY", "False", WORLD),
    Mutant("what comes is not watched", "bridge/exchange.py", "Exchange._take_note", "state == THERE", "False", WORLD),
    Mutant("a host says what another host has", "bridge/exchange.py", "Exchange.talk", "receipt.item.host == host and self.outgoing.receipt(receipt, boot, self._random())", "self.outgoing.receipt(receipt, boot, self._random())", WORLD),
    Mutant("a full disk loses a receipt", "bridge/exchange.py", "Exchange.talk", "ended and (not (yield Settle(ended)))", "ended and (not (yield Settle(ended))) and False", WORLD),
    Mutant("an answer that was lost counts", "bridge/exchange.py", "Exchange.talk", "answers and (not (yield Send(host, (), answers)))", "answers and (not (yield Send(host, (), answers))) and False", WORLD),
    Mutant("a name leads out of the mailbox", "bridge/exchange.py", "Exchange.talk", "item.host == host and is_handle(item.handle) and is_safe_name(item.name)", "True", WORLD),
    Mutant("what is asked about is not watched", "bridge/exchange.py", "Exchange.talk", "state == THERE", "False", WORLD),
    Mutant("mail that is there counts as read", "bridge/exchange.py", "Exchange.inbox", "state != THERE", "True", WORLD),
    Mutant("mail that was removed is never reported", "bridge/exchange.py", "Exchange.inbox", "DRAINED if state == UNKNOWN else state", "state", WORLD),
    Mutant("each batch asks about the first mail", "bridge/exchange.py", "Exchange.inbox", "left[at:at + MOST_AT_ONCE]", "left[:MOST_AT_ONCE]", WORLD),
    Mutant("a receipt that was lost counts", "bridge/exchange.py", "Exchange.speak", "(yield Send(host, asked, told))", "(yield Send(host, asked, told)) or True", WORLD),
    Mutant("a hub that has forgotten has kept the receipts", "bridge/exchange.py", "Exchange.connected", "is_other_hub", "False", WORLD),
    Mutant("pauses stay short", "bridge/daemon.py", "Daemon._follow_hub", "pause * 2", "pause", DAEMON),
    Mutant("pauses stay long", "bridge/daemon.py", "Daemon._follow_hub", "time.monotonic() - begun > LONGEST_PAUSE_S", "False", DAEMON),
    Mutant("a refused request is made again at once", "bridge/jetstream.py", "_check_end", "said.lower().startswith(_ENDS)", "True", HUB),
    Mutant("a request that has ended was refused", "bridge/jetstream.py", "_check_end", "said.lower().startswith(_ENDS)", "False", HUB),
    Mutant("a request ends with an earlier one", "bridge/jetstream.py", "Hub.deliveries", "message.subject == self._asked", "True", HUB),
    Mutant("a token means any name", "bridge/wire.py", "name_of", "token(name) == word and is_safe_name(name)", "True", WIRE),
    Mutant("a subject names any handle", "bridge/wire.py", "address", "is_handle(handle)", "True", WIRE),
    Mutant("a receipt is about any name", "bridge/wire.py", "_item", "not is_safe_name(name)", "False", WIRE),
    Mutant("questions have no end", "bridge/wire.py", "_list", "len(found) > most", "False", WIRE),
    Mutant("another version is read", "bridge/wire.py", "_object", "wire.get('form') != FORM", "False", WIRE),
    Mutant("any agent's mail leaves", "bridge/files.py", "Files._leaving", "sender not in self.bridge.exports", "False", FILES),
    Mutant("any agent's acknowledgement leaves", "bridge/files.py", "Files._acknowledgement", "ack.receiver not in self.bridge.exports", "False", FILES),
    Mutant("an acknowledgement is for any agent", "bridge/files.py", "Files.keep_ack", "ack.sender != names.abroad(item.handle, self.bridge.host)", "False", FILES),
    Mutant("an acknowledgement is of any host", "bridge/files.py", "Files.keep_ack", "not self.mailbox(item.host, names.at_home(ack.receiver, item.host))", "False", FILES),
    Mutant("what cannot be known is unknown", "bridge/files.py", "Files._found", "(THERE, why(error))", "(UNKNOWN, why(error))", FILES),
    Mutant("what cannot be stored is refused", "bridge/files.py", "Files.deliver", "return (BUSY, why(error))", "return (REFUSED, why(error))", FILES, times=2),
    Mutant("what cannot be filed counts", "bridge/files.py", "Files.settle", "return False", "return True", FILES),
    Mutant("mail is read once more", "mail/carried.py", "places", "(CUR, agent.inbox_cur)", "(CUR, agent.inbox_new)", FILES),
    Mutant("a dead letter comes again", "mail/carried.py", "places", "identifier in dead", "False", FILES),
    Mutant("a dead letter that is retried is missed", "mail/carried.py", "places", "_look(found, *inbox)", "None", FILES),
    Mutant("another message counts as the same", "mail/carried.py", "_check_same", "earlier is not None and earlier != data", "False", FILES),
    Mutant("an acknowledgement needs no message", "mail/carried.py", "receive_ack", "not any((maildir.has(path, ack.id) for path in (remote.inbox_new, remote.inbox_cur)))", "False", FILES),
    Mutant("mail of another host is drained here", "mail/draining.py", "Drain.__enter__", "(remote := read_remote(account.agent))", "(remote := None)", LOCAL),
    Mutant("a name is enough to be on another host", "mail/sending.py", "_abroad", "read_remote(account.queue.agent(mailbox)) == Remote(handle, host)", "True", LOCAL),
)  # fmt: skip
