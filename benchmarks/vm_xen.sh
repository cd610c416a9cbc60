# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# A sealed www as a PVH guest of the real Xen, beside the minimal Linux guest on
# the same dom0 and its netback: all of it inside one QEMU (tests/xen/lab).
# Sourced by benchmarks/vm, which sets $work and has fetched the peer.
# shellcheck source=tests/xen/lab
. "$TERN_SRC/tests/xen/lab"

free_port() {    # of 127.0.0.1: nobody listens there
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# guest_config NAME KERNEL WORDS [RAMDISK]: without its memory.
guest_config() {
    printf '%s\n' "name=\"$1\"" 'type="pvh"' "kernel=\"/test/$2\"" "cmdline=\"$3\"" 'vcpus=1' \
        "vif=['bridge=xenbr0,script=/etc/xen/vif']" 'on_poweroff="destroy"' \
        'on_crash="destroy"' 'on_reboot="destroy"' ${4:+"ramdisk=\"/test/$4\""} >"$work/xen/$1.cfg"
}

xen_prepare() {
    mkdir -p "$work/xen" || return 1
    "$tern" image www --backend xen --site "$work/site" -o "$work/xen/www.elf" >/dev/null || return 1
    cp "$TERN_BUILD/benchmarks/vm_ready" "$work/xen/" || return 1
    guest_config www www.elf 'ip=10.0.2.15/24 gw=10.0.2.2'
    if [ -n "$linux_kernel" ]; then
        cp "$linux_kernel" "$work/xen/vmlinux" &&
            linux_initramfs xen "$work/site" "$work/xen/linux.cpio" || return 1
        guest_config linux vmlinux "$linux_words address=10.0.2.16/24 gateway=10.0.2.2" linux.cpio
    fi
    # A guest that is gone has not served: the wait ends with it.
    cat >"$work/xen/try" <<'TRY'
# try NAME ADDRESS MIB SECONDS: milliseconds to the first answer (vm_ready.c).
ip neigh flush dev xenbr0 >/dev/null 2>&1
./vm_ready "$4" xenbr0 "$2" "$1" xl create -q -p "/test/$1.cfg" "memory=$3" 2>/tmp/xl &
ready=$! seen=0
sleep 2
while kill -0 $ready 2>/dev/null; do
    if xl domid "$1" >/dev/null 2>&1; then
        seen=9
    else
        seen=$((seen + 1))
        [ $seen -lt 10 ] || { kill $ready; break; }
    fi
    sleep 2
done
wait $ready
status=$?
[ $status = 0 ] || tail -n 1 /tmp/xl >&2
xl destroy "$1" >/dev/null 2>&1
exit $status
TRY
}

# Milliseconds from xl create and from the guest's first instruction on, or nothing
# and a status.
xen_try() { dom0 "sh try $*" | grep -xE '[0-9.]+ [0-9.]+'; }

# xen_least NAME ADDRESS LOW HIGH STEP MS: by bisection; with HIGH it answers in
# MS. What has not answered in thrice as long does not; most end before.
xen_least() {
    local low=$3 high=$4 middle limit=$((${6%.*} * 3 / 1000 + 4))
    while [ $((high - low)) -gt "$5" ]; do
        middle=$(((low + high) / 2 / $5 * $5))
        if xen_try "$1" "$2" $middle $limit >/dev/null; then high=$middle; else low=$middle; fi
    done
    echo "$high"
}

# Rows of Xen; the peer's are "-" if it does not serve here.
xen_measure() {
    local i one least all='' peers='' linux='' ready guest linux_ready='' linux_guest=''
    for ((i = 0; i < BENCH_RUNS; i++)); do
        one=$(xen_try www 10.0.2.15 16 20) && [ -n "$one" ] || return 1
        all+=$one$'\n'
        [ -z "$linux_kernel" ] || peers+=$(xen_try linux 10.0.2.16 128 90)$'\n'
    done
    ready=$(column 1 <<<"$all") guest=$(column 2 <<<"$all")
    linux_ready=$(column 1 <<<"$peers") linux_guest=$(column 2 <<<"$peers")
    peer_row vm/xen/ready "$ready" "$linux_ready" 'ms from xl create to the first answer'
    peer_row vm/xen/ready-xl "$(awk "BEGIN { print $ready - $guest }")" \
        "${linux_ready:+$(awk "BEGIN { print ${linux_ready:-0} - ${linux_guest:-0} }")}" \
        'ms of it, until the domain is made'
    peer_row vm/xen/ready-guest "$guest" "$linux_guest" \
        'ms of it, from the first instruction of the guest'
    least=$(xen_least www 10.0.2.15 1 16 1 "$ready")
    [ -z "$linux_ready" ] || linux=$(xen_least linux 10.0.2.16 64 128 8 "$linux_ready")
    peer_row vm/xen/memory "$least" "$linux" \
        'MiB of memory= (Linux by 8), the least in which it serves'
}

xen_rows() {
    local status=0
    xen_fetch && xen_prepare || return 1
    # dom0 holds both guests' kernels.
    xen_mem=704 xen_dom0_mem=400
    if xen_start "$work/xen"; then xen_measure || status=1; else status=1; fi
    xen_stop
    xen_pid=''
    return $status
}
