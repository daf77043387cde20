"""The hub's configuration for nats-server: what each host may do there. Pure.

Each host has an account of its own, with a space of subjects of its own: only what is listed here passes between it and
the account of the hub, which has the stream. Permissions in one account would be shorter, and let a host have the hub
publish for it: the reply subject of a message is not checked, and the hub answers to it. In an account of its own, a
host is answered in that account only.

    host b may                        subject                              which only
    publish to every host             amq.DST.b.…                          b has as source
    fetch what is for it              hub.API.CONSUMER.MSG.NEXT.AMQ.b      b's own consumer
    acknowledge that                  $JS.ACK.AMQ.b.…
    ask how that consumer is          hub.API.CONSUMER.INFO.AMQ.b          when it was made: another time, another hub
    say to a host how its agents are  here.b.DST                           DST hears
    hear its answers                  _INBOX_b.…

The hub's own process makes stream and consumers: a host that could make a consumer could have its mail delivered under
any subject. No host may ask how the stream is, which lists the subjects of all that waits: the last number in the
stream is in the answer to what a host publishes, if only to itself.
"""

from __future__ import annotations

from amq import quoting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STREAM = "AMQ"
SUBJECTS = "amq.>"
"""The subjects that the stream keeps: `amq.DST.SRC.…`."""
API = "hub.API"
"""The prefix by which a host asks JetStream; by the usual one it would ask for streams of its own account."""
HUB_ACCOUNT = "HUB"
MAX_PAYLOAD_BYTES = 12 << 20
STREAM_BYTES = 1 << 30
"""The most that waits on the hub; more is refused, and stays at its sender."""
DUPLICATES_S = 3600
ACK_WAIT_S = 30
MOST_UNACKNOWLEDGED = 2000
OLDEST = (2, 10)
"""The oldest nats-server that can sync each message before it confirms it."""


def consumer(host: str) -> str:
    """Return the name of the consumer of HOST, by which it fetches what is for it."""
    return host


def inbox(host: str) -> str:
    """Return what the subjects begin with under which HOST hears its answers."""
    return f"_INBOX_{host}"


def filter_of(host: str) -> str:
    """Return the subjects of all that is for HOST."""
    return f"amq.{host}.>"


def hub_conf(listen: str, directory: str, admin: str, hosts: Mapping[str, str]) -> str:
    """Return the configuration of a hub that listens on LISTEN (`0.0.0.0:4222`) and keeps its files in DIRECTORY.

    ADMIN is the public nkey of the hub's own process; HOSTS are those of the hosts that may connect.
    """
    names = sorted(hosts)
    return "\n".join((
        "# amq writes this file (`amq bridge init`, `join`, `remove`); see docs/bridge.md.",
        f"listen: {_quoted(listen)}",
        f"max_payload: {MAX_PAYLOAD_BYTES}",
        f"tls {{ cert_file: {_quoted(f'{directory}/server.pem')}, key_file: {_quoted(f'{directory}/server.key')} }}",
        f"jetstream {{ store_dir: {_quoted(f'{directory}/jetstream')}, sync_interval: always",
        f"  max_file_store: {2 * STREAM_BYTES} }}",
        "accounts {",
        f"  {HUB_ACCOUNT} {{ jetstream: enabled, users: [ {{ nkey: {admin} }} ], exports: [",
        *(line for host in names for line in _offered(host)),
        "  ] }",
        *(line for host in names for line in _account(host, hosts[host], [each for each in names if each != host])),
        "}\n",
    ))  # fmt: skip


def _services(host: str) -> tuple[tuple[str, str], ...]:
    """Return the subjects that HOST may publish, each as the host and as the hub's account names it."""
    own = consumer(host)
    asked = (f"CONSUMER.MSG.NEXT.{STREAM}.{own}", f"CONSUMER.INFO.{STREAM}.{own}")
    same = (f"amq.*.{host}.>", f"$JS.ACK.{STREAM}.{own}.>")
    return (*((f"{API}.{name}", f"$JS.API.{name}") for name in asked), *((name, name) for name in same))


def _offered(host: str) -> Iterator[str]:
    """Yield the exports of the hub's account to HOST."""
    for _, subject in _services(host):
        several = ", response_type: stream" if ".MSG.NEXT." in subject else ""
        yield f"    {{ service: {_quoted(subject)}, accounts: [{_account_name(host)}]{several} }}"


def _account(host: str, nkey: str, others: Iterable[str]) -> Iterator[str]:
    """Yield the account of HOST, which exchanges nothing with OTHERS but how their agents are."""
    services = _services(host)
    publish = ", ".join(map(_quoted, (*(local for local, _ in services), f"here.{host}.*")))
    subscribe = ", ".join(map(_quoted, (f"{inbox(host)}.>", f"here.*.{host}")))
    yield f"  {_account_name(host)} {{ users: [ {{ nkey: {nkey}, permissions: {{"
    yield f"      publish: {{ allow: [{publish}] }}, subscribe: {{ allow: [{subscribe}] }} }} }} ]"
    yield "    exports: ["
    for other in others:
        yield f"      {{ stream: {_quoted(f'here.{host}.{other}')}, accounts: [{_account_name(other)}] }}"
    yield "    ], imports: ["
    for local, subject in services:
        renamed = "" if local == subject else f", to: {_quoted(local)}"
        yield f"      {{ service: {{ account: {HUB_ACCOUNT}, subject: {_quoted(subject)} }}{renamed} }}"
    for other in others:
        yield f"      {{ stream: {{ account: {_account_name(other)}, subject: {_quoted(f'here.{other}.{host}')} }} }}"
    yield "    ] }"


def _account_name(host: str) -> str:
    return f"host_{host}"


def _quoted(text: str) -> str:
    """Return TEXT, which is printable, as a string of the configuration: its escapes are those of TOML."""
    return quoting.toml(text)
