#!/bin/sh
# Put `amq` on your PATH, for you alone and without root.
#
#   scripts/install.sh                    from the checkout that this script lies in
#   scripts/install.sh amq.whl            from a wheel, a path or a URL
#   scripts/install.sh --from-index       from the package index (amq is not published there yet)
#   scripts/install.sh --with venv        by uv, pipx or venv; else by the first of them that is there
#   scripts/install.sh --make-venv DIR    no amq, only an empty virtual environment, unless a good one is there
#
# It uses uv, pipx, or a private virtual environment in ~/.local/share. Run it again to upgrade. It changes no file of
# yours: if ~/.local/bin is not on your PATH, it says what to add to which file.
set -eu

NAME=agent-message-queue
EXTRAS=top,page,bridge  # what `amq top`, `amq page` and `amq bridge` need
venv=${XDG_DATA_HOME:-$HOME/.local/share}/$NAME
bin=$HOME/.local/bin
with=
source=
only_venv=

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "install.sh: $1"
    [ -z "${2:-}" ] || say "            $2"
    exit 1
}

usage() {
    sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
    exit "${1:-0}"
}

# The checkout that this script lies in; nothing if it came through a pipe.
checkout() {
    top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || return 0
    [ ! -f "$top/pyproject.toml" ] || printf '%s\n' "$top"
}

# Whether $1 is a Python that is new enough and has the modules ${2:-sys}. -I: none of the directory that we are in.
suits() { "$1" -I -c "import sys, ${2:-sys}; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1; }

# The first Python that suits, with the modules $1 if they are given; or nothing.
find_python() {
    for python in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do
        if suits "$python" "${1:-}"; then
            command -v "$python"
            return
        fi
    done
}

# Set python to one that can make a virtual environment, or fail.
require_python() {
    python=$(find_python "venv, ensurepip")
    [ -z "$python" ] || return 0
    python=$(find_python)
    [ -n "$python" ] || fail "amq needs Python 3.11 or newer, and $(what_was_found): install one, or set PYTHON to its path"
    fail "$python cannot make a virtual environment; on Debian and Ubuntu: sudo apt install $("$python" -I -c \
        'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
}

# What there is instead of a Python that is new enough, in words.
what_was_found() {
    version=$("${PYTHON:-python3}" --version 2>/dev/null) || version=
    echo "${version:+only }${version:-none} was found"
}

# Make the virtual environment $1, unless a good one is there.
make_venv() {
    if suits "$1/bin/python" pip; then return; fi
    require_python
    say "making $1 with $python"
    "$python" -I -m venv --clear "$1" >&2 || fail "$python cannot make the virtual environment $1"
}

# What the last install was made with, by where `amq` leads; `other` if that is not ours.
installed_with() {
    [ -e "$bin/amq" ] || [ -L "$bin/amq" ] || return 0
    case $(readlink "$bin/amq" || :) in
        "$venv"/*) echo venv ;;
        */pipx/venvs/$NAME/*) echo pipx ;;
        */tools/$NAME/*) echo uv ;;
        *) echo other ;;
    esac
}

choose() {
    [ -z "$with" ] || return 0
    with=$(installed_with)
    [ -z "$with" ] || return 0
    for with in uv pipx venv; do
        if command -v "$with" >/dev/null; then return; fi
    done
}

install_with_uv() {
    bin=$(uv tool dir --bin) || return
    uv tool install --quiet --force --upgrade --reinstall-package "$NAME" "$source"
}

install_with_pipx() {
    bin=$(pipx environment --value PIPX_BIN_DIR) || return
    python=$(find_python)
    pipx install --quiet --force ${python:+--python "$python"} "$source" >&2
}

install_with_venv() {
    make_venv "$venv"
    # by force: where only the content has changed, too
    "$venv/bin/python" -I -m pip --quiet --disable-pip-version-check install --upgrade --force-reinstall "$source" >&2 || return
    mkdir -p "$bin" || return
    ln -sf "$venv/bin/amq" "$bin/amq"
}

# Put the manual page where `man` looks for it: beside the directory of the program. amq works without it.
install_page() {
    man=$(dirname -- "$bin")/share/man/man1/amq.1
    page=$("$bin/amq" man 2>/dev/null) || return 0  # an older amq has none
    case $page in .TH*) ;; *) return 0 ;; esac
    if ! { mkdir -p "$(dirname -- "$man")" && printf '%s\n' "$page" >"$man"; }; then say "cannot write $man"; fi
}

how_to_remove() {
    case $with in
        uv) printf %s "uv tool uninstall $NAME" ;;
        pipx) printf %s "pipx uninstall $NAME" ;;
        venv) printf %s "rm -r '$venv' '$bin/amq'" ;;
    esac
    [ ! -f "$man" ] || printf %s "; rm '$man'"
}

# What the user has to do so that a shell finds it.
tell_of_path() {
    found=$(command -v amq || :)
    case $found in
        "$bin/amq") ;;
        "")
            line="export PATH=\"$bin:\$PATH\""
            case ${SHELL:-} in
                *fish) file=.config/fish/config.fish line="fish_add_path $bin" ;;
                *zsh) file=.zprofile ;;
                *) file=.profile ;;
            esac
            say "$bin is not on your PATH. Type this line here, and add it to ~/$file for your next login:"
            say "    $line"
            ;;
        *) say "careful: your shell finds another amq first: $found" ;;
    esac
}

while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage ;;
        --with)
            [ $# -gt 1 ] || usage 2 >&2
            with=$2
            shift
            ;;
        --with=*) with=${1#--with=} ;;
        --from-index) source=$NAME ;;
        --make-venv)
            [ $# -gt 1 ] || usage 2 >&2
            only_venv=$2
            shift
            ;;
        -*) usage 2 >&2 ;;
        *) source=$1 ;;
    esac
    shift
done

if [ -n "$only_venv" ]; then
    make_venv "$only_venv"
    exit
fi
case $with in "" | uv | pipx | venv) ;; *) fail "no such way: --with $with" "uv, pipx or venv" ;; esac
[ -n "$source" ] || source=$(checkout)
[ -n "$source" ] || fail "what is to be installed?" "name a wheel, by path or URL; or --from-index"
case $source in
    *://*) source="${NAME}[$EXTRAS] @ $source" ;;
    "$NAME") source="${NAME}[$EXTRAS]" ;;
    *)
        [ -e "$source" ] || fail "there is no $source"
        source=$(CDPATH='' cd -- "$(dirname -- "$source")" && pwd)/$(basename -- "$source")[$EXTRAS]
        ;;
esac
[ "$(installed_with)" != other ] || fail "$bin/amq is there already, and is not ours" "move it away, then run this again"
choose
# behind || no failure ends a function by itself: each step in it says `|| return`
say "installing amq from $source with $with: this may take a minute"
"install_with_$with" || fail "$with could not install $source"
version=$("$bin/amq" --version) || fail "$bin/amq does not start"
say "amq $version is installed: $bin/amq"
install_page
tell_of_path
say "to upgrade, run this again; to remove: $(how_to_remove)"
