# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Odd and hostile packets, each with the answer that it must have, or none.

station_mac() {
    ip -6 neigh show dev t0 to 2001:db8:51::2 | sed -n 's/.*lladdr \([^ ]*\).*/\1/p'
}

section_hostile() {
    local kind
    for build in "$TERN_BUILD" "$TERN_SAN"; do
        kind=$(basename "$build")
        link_make 2001:db8:51::1/64
        station_start ip=2001:db8:51::2/64 gw=2001:db8:51::1
        has "$kind packets: its address is there" '^address 2001:db8:51::2/64 preferred'
        check "$kind packets: it is found" ping -6 -c 1 -W 10 2001:db8:51::2
        "$python" "$TERN_SRC/tests/ip6/packets.py" t0 "$(station_mac)" "$scratch" \
            >"$scratch/packets" 2>&1
        is "$kind packets: all cases ran" "$?" 0
        sed "s/^\(not \)\{0,1\}ok - /&$kind packets: /" "$scratch/packets"
        station_stop "$kind packets"
    done
}
