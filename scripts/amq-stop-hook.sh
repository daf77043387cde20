#!/bin/sh
# The Stop hook of an agent that `amq run` does not host: an answer in any case. Claude Code, or the agent in $1.
# It lets the turn go on, once for the same messages, with the unread mail; else, or in trouble, it says `approve`.
exec 2>/dev/null
answer=$(amq hook "${1:-claude}" Stop)
[ -n "$answer" ] || answer='{"decision": "approve"}'
printf '%s\n' "$answer"
