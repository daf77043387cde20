"""The rows of the table, each with its unit and its goal."""

from __future__ import annotations

from dataclasses import dataclass

PASS = "× pass (CPU)"


@dataclass(frozen=True)
class Row:
    """A figure's name, its description, its unit, and the goal: at most `limit`, or with `at_least` no less."""

    key: str
    what: str
    unit: str
    limit: float | None = None
    at_least: bool = False
    of: str = "median"

    @property
    def goal(self) -> str:
        """Return the goal as text."""
        return "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:g}"

    def share(self, value: float) -> float | None:
        """Return the share that VALUE takes of the goal: up to 1 the goal is met. None if there is no goal."""
        if self.limit is None:
            return None
        return self.limit / value if self.at_least else value / self.limit


ROWS = {
    row.key: row
    for row in (
        Row("pass", "`python -c pass`", "ms (CPU)"),
        Row("send", "`send`", PASS, 2.3),
        Row("list", "`list` of 20", PASS, 2.3),
        Row("reply", "`reply`", PASS, 2.3),
        Row("drain", "`drain` of 1", PASS, 2.3),
        Row("hook", "a hook with no mail waiting", "ms", 5),
        Row("edit", "a hook before an edit, with no lease of another agent", "ms", 1.5),
        Row("durable", "durable sends in one process", "× the speed of C", 0.85, at_least=True),
        Row("to-4", "a send to 4", "× the speed of 4 sends", 2, at_least=True),
        Row("to-16", "a send to 16", "× the speed of 16 sends", 2.3, at_least=True),
        Row("list-all", "`list` of 20,000", PASS, 6),
        Row("list-50", "`list --limit 50` of 20,000", PASS, 4),
        Row("thread", "`thread` over 40,000 files", PASS, 6),
        Row("search", "`search` of 100,000: the newest 20 of a hit", "ms", 25),
        Row("search-update", "the same: an index with nothing new", "s (CPU)", 0.3),
        Row("drain-1000", "`drain` of 1,000", PASS, 14),
        Row("drain-all", "`drain` of 20,000", "× `drain` of 1,000 (CPU)", 20),
        Row("wake", "wake: `send` has ended → the first byte typed", "ms", 20),
        Row("wake-p99", "the same, p99", "ms", 45, of="p99"),
        Row("watch", "`watch`: `send` has ended → it has", "ms", 15),
        Row("monitor", "`monitor`: `send` has ended → it has", "ms", 15),
        Row("requests-claude", "a mail to an idle Claude Code: requests of the model", "requests", 1),
        Row("body-claude", "the same: `send` has ended → a request holds the body", "ms", 450),
        Row("requests-codex", "a mail to an idle Codex: requests of the model", "requests", 1),
        Row("body-codex", "the same: `send` has ended → a request holds the body", "ms", 400),
        Row("relay-log", "lines of a log through `amq run`", "× the speed of script(1)", at_least=True),
        Row("relay", "a full screen's output through it", "× the speed of script(1)", at_least=True),
        Row("flood", "8 MB/s of a full screen through it, processor", "%", 25),
        Row("key", "a key's way through `amq run`, added", "ms", 0.2),
        Row("key-flood", "the same, while 8 MB/s come", "ms", 0.2),
        Row("run", "`run`: start → the program's first output", "× pass", 6),
        Row("memory-private", "`amq run` at rest: private memory of all its processes", "MiB", 14),
        Row("memory-pss", "the same, with their share of what is shared (PSS)", "MiB", 28),
        Row("idle", "`amq run` at rest, processor", "%", 0.35),
        *(
            row
            for size in ("1,000", "20,000", "100,000")
            for row in (
                Row(f"top-{size.replace(',', '')}", f"`top` of {size}: start → its first picture", "s", 0.8),
                Row(f"top-drawn-{size.replace(',', '')}", "the same: `send` has ended → drawn", "ms", 100),
                Row(f"top-memory-{size.replace(',', '')}", "the same: memory", "MB", 45),
                Row(f"top-rest-{size.replace(',', '')}", "the same: at rest, processor", "%", 0.5),
            )
        ),
        *(
            row
            for size in ("1,000", "20,000", "100,000")
            for row in (
                Row(f"page-{size.replace(',', '')}", f"`page` of {size}: start → its first answer", "s", 0.5),
                Row(
                    f"page-drawn-{size.replace(',', '')}",
                    "the same: `send` has ended → in the browser's page",
                    "ms",
                    150,
                ),
                Row(f"page-memory-{size.replace(',', '')}", "the same: memory, with a browser", "MB", 40),
                Row(f"page-rest-{size.replace(',', '')}", "the same: at rest without a browser, processor", "%", 0.5),
                Row(f"page-rest-viewed-{size.replace(',', '')}", "the same: at rest with one", "%", 1.5),
            )
        ),
        *(
            Row(
                f"million-{state}-{key}",
                f"{what} of 1,000,000 {state} messages, beside 10,000",
                "× the CPU",
                1.5,
            )
            for state in ("read", "unread")
            for key, what in (
                ("send", "`send`"),
                ("drain", "`drain --limit 20`"),
                ("list", "`list --limit 50`"),
                ("search", "`search` of the newest 20"),
                ("who", "`who`"),
                ("top", "`top`: its first picture"),
                ("top-drawn", "`top`: a message drawn"),
            )
        ),
        Row("slice", "the picture of the screen: 16 KB of output", "ms", 2),
        Row("look", "the picture of the screen: one look", "ms", 1),
        Row("bridge-new", "a bridge: `send` has ended here → in the inbox on the other host", "ms", 25),
        Row("bridge-p99", "the same, p99", "ms", 100, of="p99"),
        Row("bridge-line", "the same → the first byte typed into an idle agent there", "ms", 200),
        Row("bridge-line-p99", "the same, p99", "ms", of="p99"),
        Row("bridge-large", "a bridge, with a body of 10 MiB → in the inbox there", "ms", 500),
        Row(
            "bridge-backlog",
            "a bridge that starts again: a backlog, each message synced",
            "messages/s",
            150,
            at_least=True,
        ),
        Row("bridge-idle", "`amq bridge run` at rest, processor", "%", 0.5),
        Row("bridge-memory", "`amq bridge run` at rest, memory", "MB", 35),
        Row("growth-send", "`send` to an inbox of 100,000, beside one of 10,000", "× the CPU", 1.5),
        Row("growth-list", "`list` of 100,000, beside 10,000", "× the CPU", 15),
        Row("growth-thread", "`thread` of 100,000, beside 10,000", "× the CPU", 15),
        Row("growth-search", "`search` of 100,000, beside 10,000", "× the CPU", 15),
        Row("growth-log", "`log` of 100,000, beside 10,000", "× the CPU", 15),
        Row("growth-who", "`who` of 100,000, beside 10,000", "× the CPU", 15),
        Row("growth-drain", "`drain` of 100,000, beside 10,000", "× the CPU", 15),
    )
}
