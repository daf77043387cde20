"""Mutations of offers: mail that a hook has given to a program, and the receipts for it."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

RECEIPTS, OFFERS, HOOKS = "tests/runtime/test_receipts.py", "tests/test_offering.py", "tests/cli/test_hook_mail.py"
DECISION, SCHEDULE = "tests/runtime/test_hook_decision.py", "tests/runtime/test_schedule.py"
SCRIPT, LOOP = "tests/runtime/test_hooks.py", "tests/runtime/test_loop.py"


def _receipt(name: str, where: str, old: str, new: str, times: int = 1) -> Mutant:
    return Mutant(name, "runtime/policy/receipts.py", where, old, new, RECEIPTS, times)


def _decision(name: str, where: str, old: str, new: str) -> Mutant:
    return Mutant(name, "runtime/policy/hook_decision.py", where, old, new, DECISION)


def _record(name: str, where: str, old: str, new: str, tests: str = OFFERS) -> Mutant:
    return Mutant(name, "store/offer_record.py", where, old, new, tests)


def _history(name: str, where: str, old: str, new: str) -> Mutant:
    return Mutant(name, "runtime/hooks/history.py", where, old, new, RECEIPTS)


def _hook(name: str, where: str, old: str, new: str) -> Mutant:
    return Mutant(name, "runtime/hooks/handler.py", where, old, new, HOOKS)


PTY, WAITER = "tests/pty/test_interruption.py", "tests/runtime/test_background_hook.py"
GIVEN = (
    # what counts as a receipt
    _receipt("a session that begins leaves its offers open", "step", "event.name == 'start'", "False"),
    _receipt("another session gives a receipt", "step", "event.session != offer.session", "False"),
    _receipt("the next prompt leaves an offer open", "step", "event.name == 'prompt' and (not is_its_turn)", "False"),
    _receipt("a prompt in the queue ends an offer", "step", "event.name == 'prompt' and (not is_its_turn)", "event.name == 'prompt'"),
    _receipt("an interrupted turn leaves an offer open", "step", "event.name == 'interrupt' and is_its_turn", "False"),
    _receipt("an interrupted turn of another offer ends this", "step", "event.name == 'interrupt' and is_its_turn",
             "event.name == 'interrupt'"),
    Mutant("what is in the history lapses", "runtime/policy/receipts.py", "step", "offer.state == TAKEN", "False", RECEIPTS, times=3),
    _receipt("a failed turn is not noted", "step", "event.name == 'failed' and is_its_turn", "False"),
    _receipt("the end of a batch is not noted", "step",
             "event.name == 'batch' and is_its_turn and (offer.event == 'tool') and (not offer.tools_ended)", "False"),
    _receipt("an answer is enough", "step", "replace(offer, answered_ns=offer.answered_ns or now_ns)", "Ended.DRAINED"),
    _receipt("the end of a turn is enough", "step", "replace(offer, answered_ns=now_ns, ended=True)", "Ended.DRAINED"),
    _receipt("the history is enough", "_looked", "Ended.DRAINED if offer.answered_ns else replace(offer, state=TAKEN)",
             "Ended.DRAINED"),
    _receipt("an answer is forgotten", "_looked", "Ended.DRAINED if offer.answered_ns else replace(offer, state=TAKEN)",
             "replace(offer, state=TAKEN)"),
    _receipt("what was found is missed later", "_looked", "offer.state == TAKEN", "False"),
    _receipt("an offer waits for ever", "_looked", "_seconds(offer.answered_ns or offer.at_ns, now_ns) >= within_s", "False"),
    _receipt("an offer does not wait", "_looked", "_seconds(offer.answered_ns or offer.at_ns, now_ns) >= within_s", "True"),
    _receipt("a prompt in the queue lapses while an answer streams", "_looked", "offer.ended or look.idle", "True"),
    _receipt("a prompt in the queue lapses while a tool runs", "_looked", "offer.ended or look.idle", "offer.answered_ns or look.idle"),
    _receipt("the history is waited for since the offer", "_looked", "offer.answered_ns or offer.at_ns",
             "offer.at_ns"),
    _receipt("a text that an idle agent has lost is waited for as if it worked", "_looked", "offer.ended or look.idle", "offer.ended"),
    _receipt("the history is waited for since the last answer", "step", "replace(offer, answered_ns=offer.answered_ns or now_ns)",
             "replace(offer, answered_ns=now_ns)"),
    _receipt("the history is waited for since the last end of a turn", "step", "event.name == 'stop' and (not offer.ended)",
             "event.name == 'stop'"),
    _receipt("a later turn gives no receipt", "_proves_answer", "offer.state == TAKEN", "False", times=2),
    _receipt("the end of another turn is an answer", "_proves_answer", "offer.state == TAKEN", "True", times=2),
    _receipt("a second hook at the end of a turn is an answer", "_proves_answer", "event.goes_on or offer.event != 'stop'", "True"),
    _receipt("a second hook at the end of a batch is an answer", "_proves_answer", "event.name in ('tool', 'failure')",
             "event.name in ('tool', 'failure', 'batch')"),
    _receipt("a tool of another turn is an answer", "_proves_answer", "event.turn != offer.turn", "False"),
    _receipt("a tool that ran beside is an answer", "_proves_answer", "offer.event != 'tool' or offer.tools_ended", "True"),
    _receipt("a failed turn is waited for", "is_on_its_way", "not offer.failed", "True"),
    _receipt("a session that has ended is waited for", "is_on_its_way",
             "min(rest_s, _seconds(offer.at_ns, now_ns)) < LINE_WITHIN_S", "True"),
    _receipt("a turn that has just begun is not waited for", "is_on_its_way", "min(rest_s, _seconds(offer.at_ns, now_ns))", "rest_s"),
    _receipt("an agent at work is reminded", "is_on_its_way", "min(rest_s, _seconds(offer.at_ns, now_ns))", "_seconds(offer.at_ns, now_ns)"),
    _receipt("mail waits until a clock that was set back has caught up", "_seconds", "abs(now_ns - since_ns)", "(now_ns - since_ns)"),
    Mutant("an agent at work is at rest", "runtime/loop.py", "WakeLoop._on_its_way", "agent.busy", "False", LOOP),
    # the history
    _history("what was there before is a receipt", "holds", "file.seek(offer.position)", "None"),
    _history("a text that was cut is a receipt", "holds", "len(text) >= offer.characters", "True"),
    _history("one message of an offer is enough", "holds", "all((any((line in text for line in lines)) for lines in entries))",
             "any((any((line in text for line in lines)) for lines in entries))"),
    _history("a part of an id is an id", "holds", "f'\\n{line}'", "line.strip()[4:]"),
    _history("any attachment is a hook's text", "_of_hooks", "found['type'] == _CLAUDE", "True"),
    _history("the user's words are a hook's text", "_of_hooks", "text.startswith(_CODEX_REASON)", "True"),
    _history("any text of Codex's is a hook's", "_of_hooks", "_CODEX in message['content_item_kinds']", "True"),
    _history("a reason is shorter than it was", "_of_hooks", "_unescaped(text)", "text"),
    _history("a directory is opened for a history", "holds", "not size(offer.history)", "False"),
    Mutant("the loop says nothing of what it has filed", "runtime/hooks/receipts.py", "on_its_way", "bool(filed)", "False", RECEIPTS),
    Mutant("a lapse is not counted", "runtime/hooks/receipts.py", "remembered", "lapsed(state, offer.ids)", "state", RECEIPTS),
    Mutant("a receipt does not count", "runtime/hooks/receipts.py", "remembered", "drained(state)", "state", RECEIPTS),
    Mutant("a change of an offer is not recorded", "runtime/hooks/receipts.py", "settle",
           "offering.change(account, offer, after)", "None", RECEIPTS),
    # the record
    Mutant("a message has two offers", "store/drain_claim.py", "claim", "offered if skip_offered else ()", "()", OFFERS),
    Mutant("an offer is a drain that died", "store/drain_claim.py", "_Other.is_cut_off", "not self.offer and (not self.holds(now))",
           "not self.holds(now)", OFFERS),
    Mutant("an offer is a live drain", "store/drain_claim.py", "_Other.holds",
           "not self.dead and (not self.offer) and (now - self._touched < STUCK_AFTER_NS)",
           "not self.dead and now - self._touched < STUCK_AFTER_NS", OFFERS),
    Mutant("the record of an offer stays", "store/drain_claim.py", "_forget_dead", "offered if other.offer else unsettled",
           "{*other.ids} if other.offer else unsettled", OFFERS),
    Mutant("the record of an offer is forgotten while it waits", "store/drain_claim.py", "_forget_dead",
           "offered if other.offer else unsettled", "unsettled", OFFERS),
    Mutant("an offer is not on the disk", "store/drain_claim.py", "DrainClaim.leave_offered", "durable.sync(drains)", "None",
           "tests/crash/test_order.py"),
    Mutant("an offer leaves the record of its drain", "store/drain_claim.py", "DrainClaim.leave_offered", "self.release()",
           "self.abandon()", OFFERS),
    Mutant("a bad message is on offer", "mail/draining.py", "Drain.leave_offered",
           "(item.id for item in self._handed if item.header)", "(item.id for item in self._handed)", OFFERS),
    Mutant("what is on offer is filed", "mail/draining.py", "Drain.leave_offered", "self._handed = []", "None", OFFERS),
    Mutant("what was shown in part is filed", "mail/draining.py", "Drain.leave", "self._handed = []", "None", OFFERS),
    Mutant("a drain does not say what is on its way", "mail/draining.py", "Drain._read", "identifier in hold.offered", "False", OFFERS),
    Mutant("what cannot be read is forgotten", "mail/offering.py", "settle", "mail.unreadable", "False", OFFERS),
    Mutant("the record of a settled offer stays", "mail/offering.py", "settle", "offer_record.forget(account.agent, offer)", "None",
           OFFERS),
    Mutant("a receipt acknowledges nothing", "mail/offering.py", "settle", "Drain(account, 0, ack=True, only=offer.ids)",
           "Drain(account, 0, ack=False, only=offer.ids)", OFFERS),
    Mutant("an offer without mail is open", "mail/offering.py", "open_offers",
           "[offer for offer in offers if any((durable.exists(new, each + SUFFIX) for each in offer.ids))]", "offers", OFFERS),
    _record("another's change of an offer is lost", "_rewrite", "_read(drains, offer.name) != offer", "False"),
    _record("a lapsed offer is open", "lapse", "{'ids': list(offer.ids)}", "wire(offer)"),
    _record("any text is a state", "_fields", "fields['state'] not in _STATES", "False"),
    _record("any kind of field will do", "_fields", "type(fields[key]) is not kind", "False"),
    _record("any number will do", "_fields", "0 <= fields[key] < _MOST_NUMBER", "True"),
    _record("any text is a path", "_fields", "'\\x00' in fields['history']", "False"),
    _record("a path need not be encoded", "_fields", "os.fsencode(fields['history'])", "None"),
    _record("an id may lead elsewhere", "_is_name", "'/' not in text", "True"),
    _record("an id may have a NUL", "_is_name", "'\\x00' not in text", "True"),
    _record("an id may be of any length", "_is_name", "len(os.fsencode(text + SUFFIX)) <= _LONGEST_NAME", "True"),
    _record("a record of any size is an offer to a drain", "parse", "len(data) > _MOST_BYTES", "False"),
    # the hook
    _hook("mail that is too long keeps other mail from its place", "Handler._give",
          "state.announced if any((message.id not in state.announced for message in waiting)) else frozenset[str]()",
          "frozenset[str]()"),
    _hook("a part counts as the whole", "Handler._give_batch", "len(good) == 1 and (not is_whole(good[0], me, remaining, budget))", "False"),
    _hook("a part that was given before is not marked", "Handler._give_batch", "good[0].id in state.announced", "False"),
    _hook("the user reads that a part was the whole", "Handler._give_batch", "_note(good, ' in part')", "_note(good)"),
    _hook("a hook that is late offers mail", "Handler._give_batch", "self._require_time()", "None"),
    _hook("a hook that is late holds mail", "Handler._give", "self._require_time()", "None"),
    _hook("a hook that is late prints", "Handler._say", "self._require_time()", "None"),
    _hook("a hook that cannot record holds up each end of a turn", "Handler._say", "event.name == 'stop'", "False"),
    _hook("text is given where no receipt can come", "Handler._pass_on", "may_offer(after, event)", "True"),
    _hook("amq's line is announced to those who read it", "Handler._announce", "not is_own_line(event)", "True"),
    _hook("a session that begins looks at no offer", "Handler._start_session", "self._take_receipts(event, directory, state)", "None"),
    _hook("what was filed is given once more", "Handler._pass_on", "message.id not in filed", "True"),
    # the decision
    _decision("a lapsed offer is known to the model", "lapsed", "state.announced.difference(ids)", "state.announced"),
    _decision("a lapsed offer has held up a turn", "lapsed", "state.blocked_stop_for.difference(ids)", "state.blocked_stop_for"),
    _decision("mail on its way is given again", "decide", "message.id not in on_its_way", "True"),
    _decision("any line of amq's brings the mail", "decide", "ATTACHED in event.prompt", "True"),
    _decision("the end of a turn brings a part again", "given", "in_part or event.name == 'stop'", "event.name == 'stop'"),
    Mutant("the reason to go on is as long as other text", "cli/commands/hook.py", "_budget", "event.name == 'stop' and cli.stop_blocks",
           "False", HOOKS),
    _decision("the user's words about amq are its line", "is_own_line", "_WHAT.match(rest) is not None", "True"),
    _decision("a quoted line of amq's is its line", "is_own_line", "before in ('', FROM_AMQ) or by_background_hook", "True"),
    Mutant("what the hooks remember may be anything", "runtime/hooks/announcements.py", "_ids",
           "not all((isinstance(each, str) for each in found))", "False", HOOKS),
    Mutant("a turn that does not begin counts as begun", "runtime/agents/claude/background_hook.py", "BackgroundHook.tell",
           "self._agent_status.noted_bytes == before", "False", WAITER),
    Mutant("a name that leads nowhere hides mail", "runtime/hooks/script.py", "write_script", "_SCRIPT.format(**quoted, normal_after_s=normal_after_s, limit=limit)",
           "_SCRIPT.format(**quoted, normal_after_s=normal_after_s, limit=limit).replace('&& break', '|| exit 0; break')", SCRIPT),
    _decision("hooks whose text never arrives go on", "may_offer", "state.lapses < MOST_LAPSES", "True"),
    _decision("an offer needs no history", "may_offer", "event.session and event.turn and event.history",
              "event.session and event.turn"),
    _decision("an offer needs no turn", "may_offer", "event.session and event.turn and event.history",
              "event.session and event.history"),
    # the loop
    Mutant("mail on its way is announced", "runtime/policy/schedule.py", "_decide", "state.unread <= event.on_its_way", "False", SCHEDULE),
    Mutant("parked mail that lapses alerts once more", "runtime/policy/schedule.py", "_decide", "state.phase is Phase.PARKED", "False",
           SCHEDULE, times=2),
    Mutant("a line is typed beside a hook", "runtime/policy/schedule.py", "_breaks_in", "agent.hooks_active", "False", SCHEDULE),
    Mutant("the loop types what it has just filed", "runtime/loop.py", "WakeLoop._on_its_way", "self._look_into_inbox()", "None", LOOP),
    Mutant("the loop does not say that the agent is idle", "runtime/loop.py", "WakeLoop._on_its_way",
           "on_its_way(self._mailbox.account, self._private, idle=agent.idle, rest_s=rest_s)",
           "on_its_way(self._mailbox.account, self._private, idle=False, rest_s=rest_s)", LOOP),
    Mutant("the loop asks for no offers", "runtime/loop.py", "WakeLoop.turn", "self._on_its_way(readiness)", "frozenset()", LOOP),
    Mutant("offers of a program that has ended stay open", "runtime/host.py", "BackgroundThreads._wake",
           "_lapse_offers(self._mailbox, self._since_ns)", "None", "tests/runtime/test_host.py"),
    Mutant("a program's first offer lapses at once", "runtime/host.py", "_lapse_offers", "offer.at_ns < before_ns", "True",
           "tests/runtime/test_host.py"),
    # the user's wish
    Mutant("any key interrupts", "pty/interruption.py", "Interruption.typed",
           "published is AgentState.WORKING and _KEY.search(data)", "published is AgentState.WORKING", PTY),
    Mutant("a key at an idle program interrupts", "pty/interruption.py", "Interruption.typed",
           "published is AgentState.WORKING and _KEY.search(data)", "_KEY.search(data)", PTY),
    Mutant("a turn that ends long after the key was interrupted", "pty/interruption.py", "Interruption.changed",
           "now - self._key <= WITHIN_S", "True", PTY),
    Mutant("a program that works again is still interrupted", "pty/interruption.py", "Interruption.changed",
           "after is AgentState.WORKING", "False", PTY),
    Mutant("an interruption lasts when the user has spoken", "pty/interruption.py", "Interruption.lasts",
           "self._sent == sent", "self._sent is not None", PTY),
    Mutant("mail is typed into an interrupted agent", "runtime/policy/injection.py", "gate", "look.interrupted", "False",
           "tests/runtime/test_injection.py"),
    Mutant("a key that closed a menu silences an agent", "runtime/channels/hosted_terminal.py", "PtyChannel._heard",
           "look.interrupted and (not self._agent_status.turn_ended)", "look.interrupted", "tests/runtime/test_pty_channel.py"),
    # the background hook
    Mutant("a hook that does not wait is there", "runtime/agents/claude/background_hook.py", "BackgroundHook.is_there",
           "os.O_WRONLY | os.O_NONBLOCK", "os.O_RDWR | os.O_NONBLOCK", WAITER),
    Mutant("a hook of a session that was moved is there", "runtime/agents/claude/background_hook.py", "BackgroundHook.is_there",
           "self._end is None or self._agent_status.is_detached()", "self._end is None", WAITER),
    Mutant("a turn begins under a dialog", "runtime/agents/claude/background_hook.py", "BackgroundHook.reaches",
           "readiness.idle and readiness.blocked_by in _IN_ITS_WAY", "readiness.idle", WAITER),
    Mutant("a turn begins at an agent that may work", "runtime/agents/claude/background_hook.py", "BackgroundHook.reaches",
           "readiness.idle and readiness.blocked_by in _IN_ITS_WAY", "readiness.blocked_by in _IN_ITS_WAY", WAITER),
    Mutant("a word to go is left for the next hook", "runtime/agents/claude/background_hook.py", "BackgroundHook._unread",
           "bool(os.read(reader, 1)) if is_there and take_back else is_there", "is_there", WAITER),
    Mutant("the budget is not passed to hooks", "runtime/hooks/script.py", "write_script",
           "f' --max-chars {quoting.shell(budget)}' if budget else ''", "''", SCRIPT),
)  # fmt: skip
