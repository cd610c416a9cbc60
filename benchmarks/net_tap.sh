# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# TCP between the kernel and libnet on a TAP device, both ways, beside the
# kernel on both ends of a veth pair: seconds of CPU, sender and receiver
# together, for a gigabyte. Sourced by benchmarks/net.

PATH=$PATH:/usr/sbin:/sbin
tap_octets=${BENCH_TAP_OCTETS:-2000000000}
tap_stream=$TERN_BUILD/benchmarks/net_stream

# Everything below runs in a network namespace, with the veth's other end in
# one more; `ours` is libnet, `peer` the kernel.
tap_measure() {
    local tick pids=() i direction
    tick=$(getconf CLK_TCK)
    ip link set lo up
    ip tuntap add t0 mode tap && ip addr add 10.9.0.1/24 dev t0 && ip link set t0 up || return 1
    unshare --net sleep 1000 &
    local holder=$!
    pids+=($holder)
    sleep 0.3
    ip link add v0 type veth peer name v1 && ip link set v1 netns $holder || return 1
    ip addr add 10.9.1.1/24 dev v0 && ip link set v0 up
    nsenter -t $holder -n ip addr add 10.9.1.2/24 dev v1
    nsenter -t $holder -n ip link set v1 up
    "$TERN_BUILD/benchmarks/net_tap_tern" link=tap:t0 ip=10.9.0.2/24 2>/dev/null &
    local tern=$!
    pids+=($tern)
    exec 5< <(exec nsenter -t $holder -n "$tap_stream" serve 9)
    local sink source
    read -r sink source <&5
    pids+=("$sink" "$source")
    sleep 1

    ticks() { awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
    # one SERVER-PID send|receive ADDR PORT: seconds of CPU for a gigabyte.
    one() {
        local before after client
        before=$(ticks "$1")
        client=$("$tap_stream" "$2" "$3" "$4" "$tap_octets") || return 1
        after=$(ticks "$1")
        awk -v c="$client" -v t=$((after - before)) -v h="$tick" -v n="$tap_octets" \
            'BEGIN { printf "%.4f\n", (c + t / h) / (n / 1e9) }'
    }
    alternate "one $tern send 10.9.0.2 9" "one $sink send 10.9.1.2 9"
    row net/tap-in/stream/veth "$ours" "$peer" 'kernel, veth' 's of CPU a GB, both ends'
    alternate "one $tern receive 10.9.0.2 19" "one $source receive 10.9.1.2 10"
    row net/tap-out/stream/veth "$ours" "$peer" 'kernel, veth' 's of CPU a GB, both ends'
    kill "${pids[@]}" 2>/dev/null
    wait 2>/dev/null
}

export tap_octets tap_stream
if [ "$(id -u)" -eq 0 ]; then
    unshare --net bash -c '. "$1"; '"$(declare -f tap_measure)"'; tap_measure' _ \
        "$(dirname "$0")/lib.sh" || echo '# net: TAP could not be measured'
else
    echo '# net: TAP is measured only as root'
fi
