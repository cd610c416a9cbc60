# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What a guest's CPU and its network device do for a request and for a MiB each
# way, with the device's offloads and without: instructions and octets loaded and
# stored, counted inside QEMU (benchmarks/vm_count.c), notifications of the device
# and its interrupts, as QEMU's trace tells them. The client is this machine's
# kernel, on a TAP device. Sourced by benchmarks/vm, which sets $work and has
# fetched the peer.
#
# Octets stored are not yet octets copied: calls, saved registers, rings and
# headers are stored too, and without offloads that happens for every 1,448 octets
# of payload. www was seen then, by function, to store 2.36 octets for each sent,
# and 1.04 of them in tern_checksum_copy, the one that copies; the rest, 1,900
# for a segment and what acknowledges it, lay in 60 functions with 0.24 in the
# largest. So copies are told by the instruction: one that copies stores 1/8 or 1/4
# of the payload, one of the rest at most 1/90. What is told as copied is stored by
# such as store 1/32 or more; clearing memory would count as well.

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
    until load_answers; do
        kill -0 $load_pid 2>/dev/null && [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}
load_answers() {
    curl -sf -m 2 -o /dev/null http://10.9.0.2/ || load_send 1 >/dev/null 2>&1
}

# load_counts FILE: what has been counted, and of the trace the notifications and
# interrupts.
load_counts() {
    sleep 0.3    # the connections' ends
    cp "$work/counts" "$1"
    echo "$(grep -c '^virtio_queue_notify ' "$work/trace") $(grep -c '^virtio_notify ' "$work/trace")"
}

# load_one N COMMAND...: by N, each count of one run of COMMAND: instructions,
# octets loaded, stored and copied, notifications, interrupts. A copy is seen in
# N MiB; in anything less the figure means nothing.
load_one() {
    local n=$1 before after
    shift
    before=$(load_counts "$work/before")
    "$@" >/dev/null || return 1
    after=$(load_counts "$work/after")
    perl -e '
        my ($n, $least, @files) = splice @ARGV, 0, 4;
        my ($a, $b) = map {
            open(my $f, "<:raw", $_) or die "$_: $!\n";
            read $f, my $head, 32;
            my @head = unpack "Q4", $head;
            read $f, my $rest, 8 * pop @head;
            [@head, unpack "Q*", $rest];
        } @files;
        my @by = map { $b->[$_] - ($a->[$_] // 0) } 0 .. $#$b;
        my @sum = splice @by, 0, 3;
        my $copied = 0;
        $_ < $least or $copied += $_ for @by;
        my @more = split " ", "@ARGV";
        printf "%s\n", join " ", map { sprintf "%.2f", $_ / $n }
            @sum, $copied, $more[2] - $more[0], $more[3] - $more[1];
    ' "$n" $((n << 20 >> 5)) "$work/before" "$work/after" "$before $after"
}

# load_median N COMMAND...: of each column.
load_median() {
    local i column runs=''
    for ((i = 0; i < load_runs; i++)); do
        runs+=$(load_one "$@")$'\n' || { echo "# vm: $2 came to no end" >&2; return 1; }
    done
    for column in 1 2 3 4 5 6; do
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
load_send() { "$TERN_BUILD/benchmarks/net_stream" send 10.9.0.2 9 "$1"; }
load_received() {    # busybox nc takes one connection, and is started anew
    local i
    for ((i = 0; i < 50; i++)); do
        load_send $((load_mib << 20)) 2>/dev/null && return
        sleep 0.1
    done
    return 1
}

# load_guest NAME "WHAT..." ...: starts it and sets NAME_WHAT of each.
load_guest() {
    local name=$1 whats=$2 bad=0 what n counts
    shift 2
    load_start "$@" || bad=1
    if [ $bad = 0 ]; then
        for what in $whats; do
            case $what in closed | kept) n=$load_requests ;; *) n=$load_mib ;; esac
            "load_$what" >/dev/null    # neighbours, windows and pools are as they stay
            counts=$(load_median $n "load_$what") || { counts=- bad=1; }
            printf -v "${name}_$what" %s "$counts"
        done
    fi
    kill -KILL $load_pid 2>/dev/null
    wait $load_pid 2>/dev/null
    load_pid=''
    return $bad
}

# load_rows ROW OCTETS UNIT sent|received "OURS" "PEER": the counts; PEER - for none.
# What the CPU moves is told by the octet of payload: 1 copied is one copy.
load_rows() {
    local what column=0 a b unit
    for what in instructions loaded stored copied notifications interrupts; do
        column=$((column + 1)) unit=$3
        [ $what != copied ] || [ "$2" -ge $((1 << 20)) ] || continue
        a=$(cut -d' ' -f$column <<<"$5") b=$(cut -d' ' -f$column <<<"$6")
        case $what in
        loaded | stored | copied)
            a=$(awk -v a="$a" -v n="$2" 'BEGIN { printf "%.3f", a / n }')
            [ "$b" = - ] || b=$(awk -v a="$b" -v n="$2" 'BEGIN { printf "%.3f", a / n }')
            unit="octets by the CPU for each $4, $3"
            ;;
        esac
        row "$1/$what" "$a" "$b" "$([ "$b" = - ] && echo - || echo linux)" "$unit"
    done
}

load_measure() {
    local machine offloads properties at bad=0
    ip link set lo up
    ip tuntap add t0 mode tap && ip addr add 10.9.0.1/24 dev t0 && ip link set t0 up || return 1
    for machine in ${BENCH_LOAD_MACHINES:-microvm}; do
        for offloads in on off; do
            properties='' peer_closed=- peer_big=- peer_received=-
            [ $offloads = on ] || properties=,$load_plain
            load_guest ours 'closed kept big' "$machine" "$properties" 32 "$work/load.elf" \
                'tern.exit=0x501 ip=10.9.0.2/24' &&
                load_guest ours received "$machine" "$properties" 32 "$work/sink.elf" \
                    'tern.exit=0x501 ip=10.9.0.2/24' || { tail -n 1 "$work/said" >&2; return 1; }
            if [ -n "$linux_kernel" ]; then
                load_guest peer 'closed big received' "$machine" "$properties" 192 "$linux_kernel" \
                    "$linux_words address=10.9.0.2/24 sink=9" "$work/load-$machine.cpio" || bad=1
            fi
            at=vm/$machine/offload-$offloads
            # shellcheck disable=SC2154
            load_rows "$at/request" 1024 'a request with its connection' sent "$ours_closed" "$peer_closed"
            # shellcheck disable=SC2154
            load_rows "$at/kept" 1024 'a request on an open connection' sent "$ours_kept" -
            # shellcheck disable=SC2154
            load_rows "$at/mib" $((1 << 20)) 'a MiB sent' sent "$ours_big" "$peer_big"
            # shellcheck disable=SC2154
            load_rows "$at/received" $((1 << 20)) 'a MiB received' received "$ours_received" \
                "$peer_received"
        done
    done
    return $bad
}

# With a namespace and a TAP device of its own.
load_all() {
    local machine
    cp -r "$work/site" "$work/load" && head -c $((load_mib << 20)) /dev/urandom >"$work/load/big" &&
        "$tern" image www --site "$work/load" -o "$work/load.elf" >/dev/null &&
        "$tern" image "$TERN_SRC/benchmarks/vm_sink.c" -o "$work/sink.elf" >/dev/null || return 1
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
