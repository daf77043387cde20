"""Bridges between hosts: whose keys count, what a host may do on the hub, and what the hub cannot."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CONFIG, CRYPTO = "tests/bridge/test_config.py", "tests/bridge/test_crypto.py"
FILES, DOCTOR = "tests/cli/test_files_abroad.py", "tests/setup/test_checks_bridge.py"
ATTACKS, MEMBERS, COMMANDS, HOSTILE = (
    f"tests/bridge/test_{name}.py" for name in ("attacks", "membership", "commands", "hostile")
)

BRIDGED = (
    Mutant("a wrong text counts", "bridge/checked_table.py", "Table.text", "re.fullmatch(pattern, value) is None", "False", CONFIG),
    Mutant("a key has any length", "bridge/checked_table.py", "Table.key", "len(key) != KEY_BYTES or base64.b64encode(key).decode() != said", "len(key) != KEY_BYTES", CONFIG),
    Mutant("a port may be any number", "bridge/checked_table.py", "is_hub_url", "0 < int(match[1]) <= MOST_PORTS", "True", CONFIG),
    Mutant("a misspelled key goes unseen", "bridge/checked_table.py", "Table.end", "raise self.bad(name, 'is not known')", "pass", CONFIG),
    Mutant("a flag may be any value", "bridge/checked_table.py", "Table.flag", "not isinstance(value, bool)", "False", CONFIG),
    Mutant("a host is its own peer", "bridge/config.py", "parse_bridge", "host in peers", "False", CONFIG),
    Mutant("two hosts have one key", "bridge/config.py", "read_peers", "peer.nkey == known.nkey or peer.box == known.box", "False", CONFIG),
    Mutant("mail of a host is sent on", "bridge/config.py", "parse_bridge", "sorted(exports.keys() & remote.keys())", "[]", CONFIG),
    Mutant("an agent elsewhere is here", "bridge/config.py", "_remote", "there == host", "False", CONFIG),
    Mutant("others may change the bridge's file", "bridge/config.py", "_check_mode", "found.st_mode & forbidden", "False", CONFIG),
    Mutant("others may read a key", "bridge/config.py", "read_key", "63", "18", CONFIG),
    Mutant("a link is the bridge's file", "bridge/config.py", "read_bridge_in", "git_repository.read_regular(path, _LARGEST_BYTES, follow=False)", "git_repository.read_regular(path, _LARGEST_BYTES)", CONFIG),
    Mutant("what does not count is written", "bridge/config.py", "change_bridge", "parse_bridge(text, directory) != after", "False", CONFIG),
    Mutant("the subject is not in the Box", "bridge/crypto.py", "_head", "subject.encode()", "b''", CRYPTO),
    Mutant("a subject is any that begins so", "bridge/crypto.py", "_head", "len(named).to_bytes(_LENGTH_BYTES)", "b''", CRYPTO),
    Mutant("any subject opens a Box", "bridge/crypto.py", "Boxes.open_from", "not inside.startswith(head)", "False", CRYPTO),
    Mutant("a changed Box is an internal error", "bridge/crypto.py", "Boxes.open_from", "(CryptoError, ValueError)", "()", CRYPTO),
    Mutant("keys are made again", "bridge/crypto.py", "make_keys", "not os.path.lexists(path)", "True", CRYPTO),
    Mutant("a fingerprint is of one key", "bridge/crypto.py", "fingerprint", "peer.nkey.encode() + peer.box", "peer.box", CRYPTO),
    Mutant("a host publishes as any", "bridge/hub_conf.py", "_services", "f'amq.*.{host}.>'", "'amq.>'", ATTACKS),
    Mutant("a host fetches any mail", "bridge/hub_conf.py", "_services", "f'CONSUMER.MSG.NEXT.{STREAM}.{own}'", "f'CONSUMER.MSG.NEXT.{STREAM}.*'", ATTACKS),
    Mutant("a host asks after any consumer", "bridge/hub_conf.py", "_services", "f'CONSUMER.INFO.{STREAM}.{own}'", "f'CONSUMER.INFO.{STREAM}.*'", ATTACKS),
    Mutant("a host acknowledges for any", "bridge/hub_conf.py", "_services", "f'$JS.ACK.{STREAM}.{own}.>'", "'$JS.ACK.>'", ATTACKS),
    Mutant("a host says how any host's agents are", "bridge/hub_conf.py", "_account", "f'here.{host}.*'", "'here.>'", ATTACKS),
    Mutant("a host listens to all", "bridge/hub_conf.py", "_account", "f'here.*.{host}'", "'>'", ATTACKS),
    Mutant("a host hears any answer", "bridge/hub_conf.py", "_account", "f'{inbox(host)}.>'", "'_INBOX*.>'", ATTACKS),
    Mutant("all hosts have one account", "bridge/hub_conf.py", "_account_name", "f'host_{host}'", "HUB_ACCOUNT", ATTACKS),
    Mutant("the hub needs no TLS", "bridge/certificates.py", "pinned", "ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)", "ssl._create_unverified_context()", ATTACKS),
    Mutant("any certificate signs", "bridge/certificates.py", "is_certificate", "context.cert_store_stats()['x509_ca'] == 1 == context.cert_store_stats()['x509']", "True", MEMBERS),
    Mutant("a moved hub has another authority", "bridge/certificates.py", "make_certificates", "not os.path.lexists(key_path)", "True", MEMBERS),
    Mutant("a slow clock refuses the hub", "bridge/certificates.py", "_signed", "now - _SKEW", "now", MEMBERS),
    Mutant("any host introduces others", "bridge/invitation.py", "parse_invitation", "peers and not url", "False", MEMBERS),
    Mutant("an invitation has any size", "bridge/invitation.py", "parse_invitation", "len(data) > LARGEST_BYTES", "False", MEMBERS),
    Mutant("a host invites itself", "bridge/invitation.py", "parse_invitation", "host in peers", "False", MEMBERS),
    Mutant("a hub comes without its authority", "bridge/invitation.py", "parse_invitation", "bool(url) != bool(ca)", "False", MEMBERS),
    Mutant("a pinned key is replaced", "bridge/membership.py", "_pinned", "known is not None and known != keys", "False", MEMBERS),
    Mutant("a hub joins another", "bridge/membership.py", "join", "invited.hub != bridge.hub", "False", MEMBERS),
    Mutant("a remote mailbox takes an agent's name", "bridge/membership.py", "_remote", "is_agent(name)", "False", MEMBERS),
    Mutant("a host makes a second hub", "bridge/membership.py", "set_up", "url and bridge.hub and (not hub.is_here(bridge))", "False", MEMBERS),
    Mutant("a host gets another name", "bridge/membership.py", "set_up", "before.host != host", "False", MEMBERS),
    Mutant("an agent elsewhere is exported", "bridge/membership.py", "export", "check_handle(handle) in bridge.remote", "False", MEMBERS),
    Mutant("a removed host may connect", "bridge/membership.py", "remove", "hub.is_here(bridge)", "False", MEMBERS),
    Mutant("a removed host stays connected", "bridge/hub.py", "_changed", "(after.hub, after.peers) != (bridge.hub, bridge.peers)", "False", COMMANDS),
    Mutant("a broken file ends the hub", "bridge/hub.py", "_changed", "AmqError", "()", COMMANDS),
    Mutant("an old server is run", "bridge/hub.py", "find_server", "(int(match[1]), int(match[2])) < hub_conf.OLDEST", "False", MEMBERS),
    Mutant("an unknown agent is exported", "cli/bridge_setup.py", "check_agents", "not is_known(check_handle(handle))", "False", COMMANDS),
    Mutant("@FILE counts as a text", "cli/message_options.py", "with_check_of_file", "text.startswith('@') and not text.startswith('@@')", "False", FILES),
    Mutant("--body-file counts as a text", "cli/message_options.py", "with_check_of_file", "args.body_file is not None", "False", FILES),
    Mutant("a file leaves with any agent", "cli/files_abroad.py", "check", "bridge.exports.get(account.me)", "account.me in bridge.exports", FILES),
    Mutant("the queue says what is remote", "cli/files_abroad.py", "check", "each in table", "False", FILES),
    Mutant("what the queue notes is here", "cli/files_abroad.py", "check", "read_remote(account.queue.agent(each))", "False", FILES),
    Mutant("a message is sent unchecked", "mail/sending.py", "send", "draft.check(list(recipients))", "pass", FILES),
    Mutant("doctor looks at no key", "setup/checks_bridge.py", "bridge", "yield from _keys(found)", "pass", DOCTOR),
    Mutant("doctor finds no old server", "setup/checks_bridge.py", "bridge", "yield from _hub(machine)", "pass", DOCTOR),
    Mutant("a certificate ends unseen", "setup/checks_bridge.py", "bridge", "end < datetime.now(UTC) + SOON", "False", DOCTOR),
    Mutant("a sender is of any host", "bridge/names.py", "arriving", "not at_home(header.sender, came_from)", "False", "tests/bridge/test_names.py"),
    Mutant("mail is for any agent", "bridge/names.py", "arriving", "abroad(handle, host) not in header.to", "False", HOSTILE),
    Mutant("any agent gets mail", "bridge/files.py", "Files.deliver", "item.handle not in self.bridge.exports", "False", HOSTILE),
    Mutant("a remote mailbox takes the name of an agent here", "bridge/files.py", "Files._made_mailbox", "self._is_anothers(mailbox, remote)", "False", HOSTILE),
)  # fmt: skip
