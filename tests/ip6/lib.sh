# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What the sections of tests/parts/ip6 share: a link, the station on it that
# does what it is told, daemons, and other hosts in namespaces of their own.

# shellcheck source=tests/peers
. "$TERN_SRC/tests/peers"
PATH=$PATH:/usr/sbin:/sbin
build=$TERN_BUILD
load=$TERN_BUILD/tests/unix/load
state=$scratch/state

# link_make [ADDRESS...]: t0, with these addresses of the kernel's, which it has at once.
link_make() {
    local address
    ip link del t0 2>/dev/null
    if ! ip tuntap add t0 mode tap 2>"$scratch/ip.err"; then
        not_ok "a TAP device can be made: $(cat "$scratch/ip.err")"
        exit 0
    fi
    quiet t0
    ip link set t0 up
    for address in "$@"; do ip addr add "$address" dev t0 $(nodad "$address"); done
}
nodad() { case $1 in *:*) echo nodad ;; esac; }

# quiet DEVICE: the kernel has its link-local address at once, and follows no router.
quiet() {
    sysctl -qw "net.ipv6.conf.$1.accept_dad=0" "net.ipv6.conf.$1.accept_ra=0"
}
link_local() { ip -6 -o addr show dev "${1:-t0}" scope link | sed -n 's/.*inet6 \([^/]*\).*/\1/p'; }

# ---- The station ----------------------------------------------------------------

# station_start WORDS...: on t0, or the device that is named by dev=; sets station and log.
# It keeps its input open itself: whoever tells it something comes and goes.
station_start() {
    local device=t0
    case $1 in dev=*) device=${1#dev=}; shift ;; esac
    told=$scratch/told out=$scratch/station.out log=$scratch/station.err
    rm -f "$told"
    mkfifo "$told"
    : >"$out"
    : >"$log"
    "$build/tests/unix/station" "$device" "$@" log=info <>"$told" >"$out" 2>"$log" &
    station=$!
    on_exit "kill -KILL $station 2>/dev/null"
}

station_stop() {
    kill -INT $station
    wait $station
    is "$1: it ends in order" $? 0
    is "$1: nothing was said of an error" "$(grep -cE 'error|runtime|Sanitizer' "$log")" 0
}

n_done() { grep -c '^done$' "$out"; }
more_done() { [ "$(n_done)" -gt "$1" ]; }
# tell WORDS...: its answer is in $scratch/state when this returns.
tell() {
    local before lines
    before=$(n_done)
    lines=$(wc -l <"$out")
    echo "$*" >"$told"
    until_true "${patience:-60}" more_done "$before" || return 1
    tail -n +$((lines + 1)) "$out" >"$state"
}
# state_is REGEX: asks until the state has such a line; the limit ends what never comes.
state_is() {
    local end=$((SECONDS + ${patience:-60}))
    until tell state && grep -qE -- "$1" "$state"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}

# has WORDS REGEX...: the state has a line of each, or gets one.
has() {
    local words=$1 regex
    shift
    for regex in "$@"; do
        if ! state_is "$regex"; then
            not_ok "$words: nothing like '$regex' in its state"
            sed 's/^/    /' "$state" "$log"
            return 1
        fi
    done
    ok "$words"
}
# has_not WORDS REGEX...: at present.
has_not() {
    local words=$1 regex
    shift
    tell state || { not_ok "$words: its state is not told" && return 1; }
    for regex in "$@"; do
        grep -E -- "$regex" "$state" >"$scratch/unwanted" || continue
        not_ok "$words: $(head -n 1 "$scratch/unwanted")"
        return 1
    done
    ok "$words"
}
counter() { sed -n "s/^$1 //p" "$state" | grep . || echo 0; }
# loses WORDS REGEX: the state has no such line, or gets rid of it.
loses() {
    local end=$((SECONDS + ${patience:-60}))
    until tell state && ! grep -qE -- "$2" "$state"; do    # who is silent has not said so
        if [ "$SECONDS" -ge "$end" ]; then
            not_ok "$1: $(grep -E -- "$2" "$state")"
            return 1
        fi
        sleep 0.2
    done
    ok "$1"
}
# of REGEX: what its one group matches in the state, the first time.
of() { sed -nE "s@^$1.*@\\1@p" "$state" | head -n 1; }

# ---- Others ------------------------------------------------------------------------

# daemon NAME PACKAGE PROGRAM WORDS...: in the background, what it says in $scratch/NAME.err;
# sets daemon_pid.
daemon() {
    local name=$1
    shift
    : >"$scratch/$name.err"
    (peer_run "$@" >"$scratch/$name.err" 2>&1) &
    daemon_pid=$!
    on_exit "kill -KILL $daemon_pid 2>/dev/null"
}
daemon_stop() {
    kill -TERM "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

# netns_make: a namespace of another host; sets there, for nsenter.
netns_make() {
    unshare --net sleep infinity &
    there=$!
    on_exit "kill -KILL $there 2>/dev/null"
    until_true 20 another_netns "$there"
    at "$there" ip link set lo up
}
another_netns() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/$$/ns/net)" ]; }
at() {
    local who=$1
    shift
    nsenter --target "$who" --net -- "$@"
}
