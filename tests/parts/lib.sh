# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What the parts of ./test share. A part prints `ok - words` and
# `not ok - words: reason`; all else is its log. It asserts facts, never a time,
# and what it needs and does not find is a failure that says so.

set -u
: "${TERN_SRC:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
: "${TERN_BUILD:=$TERN_SRC/build/gcc}" "${TERN_SAN:=$TERN_SRC/build/clang-san}"
: "${TERN_LOG:=$TERN_SRC/build/log}" "${TERN_LONG:=0}" "${TERN_CHECK_VERBOSE:=0}"
export TERN_SRC TERN_BUILD TERN_SAN TERN_LOG TERN_LONG

# Files of this run of this part, gone when it ends.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tern-test.XXXXXX")
at_exit=()
finish_part() {
    local i
    for ((i = ${#at_exit[@]} - 1; i >= 0; i--)); do eval "${at_exit[i]}"; done
    rm -rf "$scratch"
}
trap finish_part EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# on_exit COMMAND: runs it when the part ends, the last one first.
on_exit() { at_exit+=("$1"); }

ok() { printf 'ok - %s\n' "$*"; }
not_ok() { printf 'not ok - %s\n' "$*"; }

# check WORDS COMMAND...: ok if the command succeeds; its output is shown if not.
check() {
    local words=$1
    shift
    if "$@" >"$scratch/check.out" 2>&1; then
        ok "$words"
    else
        not_ok "$words: $(tail -n 1 "$scratch/check.out")"
        sed 's/^/    /' "$scratch/check.out" | tail -n 20
        return 1
    fi
}

# is WORDS GOT WANTED: ok if both are the same text.
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: got '$2', wanted '$3'"; fi
}

# need COMMAND PACKAGE: without it the part cannot run, which is a failure.
need() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null && return 0
    not_ok "$1 is missing (Debian package $2)"
    exit 0
}

# until_true SECONDS COMMAND...: asks again until the command succeeds. The
# limit only ends a wait that would last for ever.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

# until_line SECONDS FILE REGEX: waits until FILE, which something is writing,
# has a line that matches.
until_line() {
    timeout "$1" bash -c 'tail -n +1 -F "$1" 2>/dev/null | grep -qm1 -E -- "$2"' _ "$2" "$3"
}

# in_netns COMMAND...: runs it in a network namespace of its own, as its root;
# the namespace is gone when the command ends.
in_netns() {
    if [ "$(id -u)" -eq 0 ]; then
        unshare --net -- "$@"
    else
        unshare --user --map-root-user --net -- "$@"
    fi
}

# In a namespace of this part, from its first line on: parts that need one call
# this before anything else; it runs the part again inside.
enter_netns() {
    [ "${TERN_IN_NETNS:-0}" = 1 ] && return 0
    if [ "$(id -u)" -ne 0 ] && ! unshare --user --map-root-user --net true 2>/dev/null; then
        not_ok "network namespaces need root, or user namespaces, which this machine refuses"
        exit 0
    fi
    export TERN_IN_NETNS=1
    rm -rf "$scratch"
    trap - EXIT INT TERM
    if [ "$(id -u)" -eq 0 ]; then
        exec unshare --net -- "$0" "$@"
    else
        exec unshare --user --map-root-user --net -- "$0" "$@"
    fi
}

# A TCP port of 127.0.0.1 that nobody listens on.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}
