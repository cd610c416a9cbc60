# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What a guest's CPU and its network device do for a request and for a MiB, with
# the device's offloads and without: instructions and octets loaded and stored,
# counted inside QEMU (benchmarks/vm_count.c), notifications of the device and
# its interrupts, as QEMU's trace tells them. The client is this machine's
# kernel, on a TAP device. Sourced by benchmarks/vm, which sets $work and has
# fetched the peer.

load_requests=200 load_mib=8 load_runs=3
load_plain=csum=off,guest_csum=off,host_tso4=off,host_tso6=off,host_ecn=off,host_ufo=off
load_plain+=,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off,mrg_rxbuf=off

# load_start MACHINE PROPERTIES MEM KERNEL WORDS [INITRD]: sets $load_pid.
load_start() {
    local nic=virtio-net-device,netdev=net0 rng=virtio-rng-device
    [ "$1" = microvm ] || nic=virtio-net-pci,netdev=net0,romfile=,ioeventfd=off rng=virtio-rng-pci
    : >"$work/trace"
    qemu-system-x86_64 -machine "$1" -accel tcg -cpu max -m "$3" -nodefaults -no-user-config \
        -display none -no-reboot -serial null -device isa-debug-exit,iobase=0x501,iosize=1 \
        -global virtio-mmio.force-legacy=false -global virtio-mmio.ioeventfd=off \
        -netdev tap,id=net0,ifname=t0,script=no,downscript=no -device "$nic$2" -device "$rng" \
        -kernel "$4" -append "$5" ${6:+-initrd "$6"} \
        -plugin "$TERN_BUILD/benchmarks/vm_count.so,counts=$work/counts" \
        -d trace:virtio_queue_notify,trace:virtio_notify -D "$work/trace" \
        </dev/null >"$work/said" 2>&1 &
    load_pid=$!
    local end=$((SECONDS + 90))
    until curl -sf -m 2 -o /dev/null http://10.9.0.2/; do
        kill -0 $load_pid 2>/dev/null && [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

# What has been counted: instructions, octets loaded, stored, notifications, interrupts.
load_counts() {
    sleep 0.3    # the connections' ends
    echo $(od -An -v -t u8 "$work/counts") "$(grep -c '^virtio_queue_notify ' "$work/trace")" \
        "$(grep -c '^virtio_notify ' "$work/trace")"
}

# load_one N COMMAND...: each count of one run of COMMAND, by N.
load_one() {
    local n=$1 before after
    shift
    before=$(load_counts)
    "$@" >/dev/null || return 1
    after=$(load_counts)
    awk -v b="$before" -v a="$after" -v n="$n" 'BEGIN {
        split(b, x, " "); k = split(a, y, " ")
        for (i = 1; i <= k; i++) printf "%.2f%s", (y[i] - x[i]) / n, i < k ? " " : "\n" }'
}

# load_median N COMMAND...: of each column.
load_median() {
    local i column runs=''
    for ((i = 0; i < load_runs; i++)); do runs+=$(load_one "$@")$'\n' || return 1; done
    for column in 1 2 3 4 5; do
        awk -v c=$column 'NF { print $c }' <<<"$runs" | median
    done | paste -sd' '
}

load_closed() {    # a connection each
    local i
    for ((i = 0; i < load_requests; i++)); do printf 'url = "http://10.9.0.2/"\noutput = "/dev/null"\n'; done |
        curl -sf -H 'Connection: close' -K -
}

load_kept() { curl -sf -o /dev/null "http://10.9.0.2/?[1-$load_requests]"; }
load_big() { curl -sf -o /dev/null http://10.9.0.2/big; }

# load_guest NAME ...: starts it and sets NAME_closed, NAME_kept and NAME_mib.
load_guest() {
    local name=$1 bad=0 one
    shift
    load_start "$@" || bad=1
    if [ $bad = 0 ]; then
        load_closed && load_big    # neighbours, windows and pools are as they stay
        for one in "closed $load_requests" "kept $load_requests" "big $load_mib"; do
            # shellcheck disable=SC2086
            set -- $one
            printf -v "${name}_$1" %s "$(load_median "$2" "load_$1")"
        done
    fi
    kill -KILL $load_pid 2>/dev/null
    wait $load_pid 2>/dev/null
    load_pid=''
    return $bad
}

# load_rows ROW OCTETS UNIT "OURS" "PEER": the five counts; PEER - for none.
# What the CPU moves is told by the octet of payload: 1 stored is one copy.
load_rows() {
    local what column=0 a b
    for what in instructions loaded stored notifications interrupts; do
        column=$((column + 1))
        a=$(cut -d' ' -f$column <<<"$4") b=$(cut -d' ' -f$column <<<"$5")
        case $what in
        loaded | stored)
            a=$(awk -v a="$a" -v n="$2" 'BEGIN { printf "%.3f", a / n }')
            [ "$b" = - ] || b=$(awk -v a="$b" -v n="$2" 'BEGIN { printf "%.3f", a / n }')
            set -- "$1" "$2" "$3" "$4" "$5" "octets by the CPU for each sent, $3"
            ;;
        *) set -- "$1" "$2" "$3" "$4" "$5" "$3" ;;
        esac
        row "$1/$what" "$a" "$b" "$([ "$b" = - ] && echo - || echo linux)" "$6"
    done
}

load_measure() {
    local machine offloads properties at bad=0
    ip link set lo up
    ip tuntap add t0 mode tap && ip addr add 10.9.0.1/24 dev t0 && ip link set t0 up || return 1
    for machine in ${BENCH_LOAD_MACHINES:-microvm}; do
        for offloads in on off; do
            properties='' peer_closed=- peer_big=-
            [ $offloads = on ] || properties=,$load_plain
            load_guest ours "$machine" "$properties" 32 "$work/load.elf" \
                'tern.exit=0x501 ip=10.9.0.2/24' || { tail -n 1 "$work/said" >&2; return 1; }
            if [ -n "$linux_kernel" ]; then
                load_guest peer "$machine" "$properties" 192 "$linux_kernel" \
                    "$linux_words address=10.9.0.2/24" "$work/load-$machine.cpio" || bad=1
            fi
            at=vm/$machine/offload-$offloads
            # shellcheck disable=SC2154
            load_rows "$at/request" 1024 'a request with its connection' "$ours_closed" "$peer_closed"
            # shellcheck disable=SC2154
            load_rows "$at/kept" 1024 'a request on an open connection' "$ours_kept" -
            # shellcheck disable=SC2154
            load_rows "$at/mib" $((1 << 20)) 'a MiB sent' "$ours_big" "$peer_big"
        done
    done
    return $bad
}

# With a namespace and a TAP device of its own.
load_all() {
    local machine
    cp -r "$work/site" "$work/load" && head -c $((load_mib << 20)) /dev/urandom >"$work/load/big" &&
        "$tern" image www --site "$work/load" -o "$work/load.elf" >/dev/null || return 1
    for machine in ${BENCH_LOAD_MACHINES:-microvm}; do
        [ -z "$linux_kernel" ] ||
            linux_initramfs "$machine" "$work/load" "$work/load-$machine.cpio" || return 1
    done
    export work linux_kernel linux_words TERN_SRC TERN_BUILD
    PATH=$PATH:/usr/sbin:/sbin unshare --net bash -c '
        . "$TERN_SRC/benchmarks/lib.sh"
        . "$TERN_SRC/benchmarks/vm_load.sh"
        load_pid=""
        trap "[ -z \"\$load_pid\" ] || kill -KILL \$load_pid 2>/dev/null" EXIT
        load_measure'
}
