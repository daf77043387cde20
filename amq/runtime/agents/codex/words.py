"""The user's arguments to Codex, as far as they change what amq gives it.

Sources: `codex --help` of the versions that the profile names, and what they did with each argument.
"""

from __future__ import annotations

from collections.abc import Sequence

_WITH_VALUE = {
    "-c": "--config",
    "-C": "--cd",
    "-p": "--profile",
    "-s": "--sandbox",
    **{name: name for name in ("--cd", "--config", "--disable", "--enable", "--profile", "--sandbox")},
}
_NO_SESSION = {
    *("a", "agents", "app-server", "apply", "archive", "cloud", "completion", "debug", "delete", "doctor", "e", "exec"),
    *("exec-server", "features", "help", "login", "logout", "mcp", "migrate-nfs-db", "migrate-rollouts", "plugin"),
    *("queue", "remote-control", "review", "sandbox", "unarchive", "update"),
}
"""Its sub-commands but `resume` and `fork`."""


class Words:
    """The user's words behind the program's name. What follows `--` is a prompt.

    `given` is every option that takes a value which matters, in order: its long name, the value, and the place of its
    words. `others` is every other word.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)
        self.given: list[tuple[str, str, range]] = []
        self.others: list[str] = []
        at = 0
        while at < len(self._words) and self._words[at] != "--":
            at += self._read(at)

    def _read(self, at: int) -> int:
        """Read the option or word AT this place; return how many words that is."""
        word = self._words[at]
        name, equals, value = word.partition("=")
        if word[:1] == "-" and word[:2] != "--":
            name, equals, value = word[:2], word[2:], word[2:].removeprefix("=")
        if name not in _WITH_VALUE:
            self.others.append(word)
            return 1
        size = 1 if equals else 2
        value = value if equals else "".join(self._words[at + 1 : at + 2])
        self.given.append((_WITH_VALUE[name], value, range(at, at + size)))
        return size

    def last(self, option: str) -> str:
        """Return the value of the last OPTION; "" if it is not given."""
        return next((value for name, value, _ in reversed(self.given) if name == option), "")

    def settings(self) -> list[tuple[str, str]]:
        """Return the settings in the user's arguments, in order: the dotted key and the text of the value."""
        pairs = [value.partition("=") for name, value, _ in self.given if name == "--config"]
        return [(key.strip(), text.strip()) for key, _, text in pairs]

    def without_setting(self, key: str) -> list[str]:
        """Return all words but those that set KEY."""
        left_out = {
            place
            for name, value, places in self.given
            if name == "--config" and value.partition("=")[0].strip() == key
            for place in places
        }
        return [word for place, word in enumerate(self._words) if place not in left_out]

    def concern_hooks(self) -> bool:
        """Return whether they set or switch hooks."""
        switched = any("hooks" in value for name, value, _ in self.given if name in ("--enable", "--disable"))
        return switched or any(key in ("features", "hooks") or "hooks" in key.split(".") for key, _ in self.settings())

    def starts_session(self) -> bool:
        """Return whether they surely start a session of the user's; a prompt of one word may look like a command."""
        return _NO_SESSION.isdisjoint(self.others)
