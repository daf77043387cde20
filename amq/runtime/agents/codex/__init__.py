"""Codex."""

HOME, HOME_VARIABLE = ".codex", "CODEX_HOME"
SETTINGS = "config.toml"
