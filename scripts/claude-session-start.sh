#!/bin/sh
# The SessionStart hook of a Claude Code that `amq run` does not host. It tells the agent who it is and who the others
# are, and adds AM_ROOT and AM_ME to the file that CLAUDE_ENV_FILE names. In trouble it says nothing.
exec 2>/dev/null
amq hook claude SessionStart
exit 0
