#!/bin/sh
# From nothing to two agents side by side, each told of its mail. In your project:
#
#   …/scripts/setup-coop.sh                              claude and codex
#   …/scripts/setup-coop.sh --agents 'claude*3,codex'    as `amq coop up --agents` takes it
#
#   --amq SOURCE            where amq comes from if it is not installed: a wheel, by path or URL (else this checkout)
#   --skill, --no-skill     install the agents' skill, or do not; else you are asked, if there is a terminal
#   --hooks, --no-hooks     install hooks for agents that you start without amq, or do not; else you are asked
#   --print                 do not start the agents, print the commands that do
#
# It installs amq if need be (install.sh), makes the queue .agent-mail or adds to the one that is there, and starts the
# agents (amq coop up). Run it again as often as you like: what is there stays. It says what it writes, and where.
set -eu

agents=claude,codex
source=
skill=ask
hooks=ask
print=

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "setup-coop.sh: $*"
    exit 1
}

usage() {
    sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
    exit "${1:-0}"
}

# Whether to do $2, by what $1 says of it, or by what the user says.
wanted() {
    case $1 in yes | no) [ "$1" = yes ]; return ;; esac
    [ -t 0 ] || return 1
    printf '%s [y/N] ' "$2" >&2
    read -r answer || return 1
    case $answer in [yY]*) ;; *) return 1 ;; esac
}

# An amq that knows `coop`. Others have programs of that name too.
have_amq() { command -v amq >/dev/null && amq help coop >/dev/null 2>&1; }

install_amq() {
    installer=$(dirname -- "$0")/install.sh
    [ -f "$installer" ] || fail "amq is not installed, and there is no install.sh beside this script"
    sh "$installer" ${source:+"$source"}
    hash -r  # the shell remembers where it found another amq
    have_amq || fail "amq was installed, but is not found: open a new terminal, and run this again"
}

have_skill() {
    [ -e "${CLAUDE_CONFIG_DIR:-$HOME/.claude}/skills/amq-cli/SKILL.md" ] && [ -e "$HOME/.agents/skills/amq-cli/SKILL.md" ]
}

have_hooks() { case $(amq hook install "$1" --dry-run) in *": nothing to do") ;; *) return 1 ;; esac; }

while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage ;;
        --agents | --amq)
            [ $# -gt 1 ] || usage 2 >&2
            if [ "$1" = --agents ]; then agents=$2; else source=$2; fi
            shift
            ;;
        --agents=*) agents=${1#*=} ;;
        --amq=*) source=${1#*=} ;;
        --skill) skill=yes ;;
        --no-skill) skill=no ;;
        --hooks) hooks=yes ;;
        --no-hooks) hooks=no ;;
        --print) print=--print ;;
        *) usage 2 >&2 ;;
    esac
    shift
done

PATH=$HOME/.local/bin:$PATH  # where install.sh puts it, whether or not new terminals know that already
export PATH
have_amq || install_amq
# coop up makes the mailboxes of numbered agents
amq init --agents "$(printf '%s' "$agents" | sed 's/[=*][^,]*//g')"

if [ "$skill" = ask ] && have_skill; then
    :
elif wanted "$skill" "Claude Code and Codex can learn how to use amq from a skill: a few pages that they read when they need them.
It adds these directories, and changes no file; amq skill uninstall --claude --codex removes them:
    ${CLAUDE_CONFIG_DIR:-$HOME/.claude}/skills/amq-cli
    $HOME/.agents/skills/amq-cli
Add them?"; then
    amq skill install --claude --codex
else
    say "the agents' skill: amq skill install --claude --codex"
fi

for program in claude codex; do
    if ! command -v $program >/dev/null || ! amq help hook install >/dev/null 2>&1; then
        continue
    elif [ "$hooks" = ask ] && have_hooks $program; then
        continue
    elif [ "$hooks" = yes ]; then
        amq hook install $program --yes
    elif wanted "$hooks" "Will you also start $program by itself, without amq? It then hears of mail only by hooks in its settings.
With y you see them, and are asked once more:"; then
        amq hook install $program || say "to see them again: amq hook install $program"
    else
        say "hooks: amq hook install $program"
    fi
done

say "starting the agents; amq coop status shows them, amq coop down ends them"
exec amq coop up --agents "$agents" $print
