# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# The Linux kernel as neighbour, router and switch.

python=/usr/bin/python3

# echo_start [WHO]: tests/ip6/echo.py in that namespace, or here; sets daemon_pid.
echo_start() {
    : >"$scratch/echo.out"
    if [ $# -gt 0 ]; then
        (exec nsenter --target "$1" --net -- $python "$TERN_SRC/tests/ip6/echo.py" \
            >"$scratch/echo.out") &
    else
        $python "$TERN_SRC/tests/ip6/echo.py" >"$scratch/echo.out" &
    fi
    daemon_pid=$!
    on_exit "kill -KILL $daemon_pid 2>/dev/null"
    until_true 30 grep -q ready "$scratch/echo.out"
}

mib8=8388608

# streams WORDS ADDRESS-OF-THE-STATION OURS: both directions, opened by either side.
streams() {
    local words=$1 there=$2 ours=$3
    check "$words: 8 MiB from it" "$load" receive "$there" 19 $mib8
    check "$words: 8 MiB to it" "$load" send "$there" 9 $mib8
    tell tcp "$ours" 7 1000000
    check "$words: a connection that it opens, and what it sent comes back" \
        grep -q '^tcp 1000000 right' "$state"
}

pings() {
    local words=$1 there=$2 size
    for size in 0 8 56 1000 1452 1453 2000 3000 8000; do
        ping -6 -c 1 -W 20 -s $size "$there" >"$scratch/ping" 2>&1 &&
            ! grep -q 'wrong data' "$scratch/ping" && continue
        not_ok "$words: an echo of $size octets: $(tail -n 3 "$scratch/ping" | head -n 1)"
        return
    done
    ok "$words: echoes of every size, in fragments too"
}

kernel_neighbour() {
    local kind=$1 what=$2 ip=$3 near
    link_make 10.69.0.1/24 2001:db8:51::1/64
    echo_start
    local echo=$daemon_pid
    station_start "ip=$ip" octets=$mib8
    has "$kind $what: its addresses are there" '^address 2001:db8:51::2/64 preferred configured' \
        '^address fe80:[0-9a-f:]+/64 preferred link-local'
    near=$(of 'address (fe80[^/]*)/')
    pings "$kind $what" 2001:db8:51::2
    pings "$kind $what link-local" "$near%t0"
    ping -6 -c 2 -W 10 ff02::1%t0 >"$scratch/ping" 2>&1
    check "$kind $what: all nodes' group: it answers" grep -q "from $near%t0" "$scratch/ping"
    streams "$kind $what" 2001:db8:51::2 2001:db8:51::1
    streams "$kind $what link-local" "$near%t0" "$(link_local)"
    tell udp 2001:db8:51::1 7 3000
    until_line 20 "$out" '^udp 3000 right from 2001:db8:51::1$'
    is "$kind $what: a datagram in fragments, there and back" $? 0
    case $ip in
    *10.69*) streams "$kind $what IPv4" 10.69.0.2 10.69.0.1 ;;
    *) has_not "$kind $what: there is nothing of IPv4" '^ipv4_' ;;
    esac
    station_stop "$kind $what"
    kill -KILL $echo
    wait $echo 2>/dev/null
}

# A router whose way to the other side takes 1,280 octets and no more.
kernel_path() {
    local kind=$1 far
    link_make 2001:db8:51::1/64
    netns_make
    far=$there
    ip link add v0 type veth peer name v1 netns "$far"
    quiet v0
    ip link set v0 up
    at "$far" sh -c 'sysctl -qw net.ipv6.conf.v1.accept_dad=0
        ip link set v1 up
        ip addr add 2001:db8:52::2/64 dev v1 nodad
        ip -6 route add default via 2001:db8:52::1'
    ip addr add 2001:db8:52::1/64 dev v0 nodad noprefixroute
    ip -6 route add 2001:db8:52::/64 dev v0 mtu lock 1280
    sysctl -qw net.ipv6.conf.all.forwarding=1
    echo_start "$far"
    local echo=$daemon_pid
    station_start ip=2001:db8:51::2/64 gw=2001:db8:51::1 octets=$mib8
    has "$kind path: its address is there" '^address 2001:db8:51::2/64 preferred'
    check "$kind path: 8 MiB from it by a narrow way" \
        at "$far" "$load" receive 2001:db8:51::2 19 $mib8
    has "$kind path: it has learned how narrow it is" \
        '^ipv6_pmtu_lowered 1$' '^tcp_icmp_errors_pmtu [1-9]'
    check "$kind path: 8 MiB to it" at "$far" "$load" send 2001:db8:51::2 9 $mib8
    tell tcp 2001:db8:52::2 7 1000000
    check "$kind path: and a connection that it opens" grep -q '^tcp 1000000 right' "$state"
    at "$far" ping -6 -c 5 -i 0.2 -W 10 -s 3000 2001:db8:51::2 >"$scratch/ping" 2>&1
    check "$kind path: echoes of 3,000 octets come back in pieces that fit" \
        grep -qE ' [1-5] received' "$scratch/ping"
    tell udp 2001:db8:52::2 7 3000
    until_line 20 "$out" '^udp 3000 right from 2001:db8:52::2$'
    is "$kind path: a datagram of 3,000 octets, there and back" $? 0
    station_stop "$kind path"
    kill -KILL $echo "$far"
    wait $echo "$far" 2>/dev/null
    ip link del v0 2>/dev/null
    sysctl -qw net.ipv6.conf.all.forwarding=0
}

nud_is() { ip -6 neigh show dev t0 to 2001:db8:51::2 | grep -q "$1"; }
kernel_reachability() {
    local kind=$1 asked
    link_make 2001:db8:51::1/64
    sysctl -qw net.ipv6.neigh.t0.delay_first_probe_time=1 \
        net.ipv6.neigh.t0.base_reachable_time_ms=2000
    station_start ip=2001:db8:51::2/64
    has "$kind NUD: its address is there" '^address 2001:db8:51::2/64 preferred'
    check "$kind NUD: the kernel finds it" ping -6 -c 1 -W 10 2001:db8:51::2
    # What it knows from the kernel's question is no proof: in use, it is asked after.
    has "$kind NUD: it asks after the kernel when that is in use" \
        '^neighbour 2001:db8:51::1 reachable'
    until_true 60 nud_is STALE
    asked=$(counter ipv6_nd_in_solicits)
    check "$kind NUD: the kernel has not heard of it for a while, and uses it again" \
        ping -6 -c 1 -W 10 2001:db8:51::2
    # An echo is no proof to the kernel: it asks to its face, and is answered.
    check "$kind NUD: it asks, and is answered" until_true 60 nud_is REACHABLE
    tell state
    check "$kind NUD: that was a question ($asked, then more)" \
        [ "$(counter ipv6_nd_in_solicits)" -gt "$asked" ]
    ip -6 neigh change 2001:db8:51::2 lladdr 02:00:00:00:99:99 dev t0 nud stale
    check "$kind NUD: with a wrong MAC, that is found out" ping -6 -c 15 -i 0.5 -W 20 2001:db8:51::2
    station_stop "$kind NUD"
}

kernel_conflict() {
    local kind=$1
    link_make 2001:db8:51::1/64
    station_start ip=2001:db8:51::1/64
    has "$kind DAD: an address that the kernel has is not used" \
        '^address 2001:db8:51::1/64 duplicate configured' '^ipv6_dad_conflicts 1$'
    check "$kind DAD: that is said" grep -q 'another host uses 2001:db8:51::1' "$log"
    station_stop "$kind DAD"
    station_start ip=2001:db8:51::2/64
    has "$kind DAD: an address of its own" '^address 2001:db8:51::2/64 preferred configured'
    sysctl -qw net.ipv6.conf.t0.accept_dad=1 net.ipv6.conf.t0.dad_transmits=1
    ip addr add 2001:db8:51::2/64 dev t0
    check "$kind DAD: the kernel is told that it is taken" until_true 30 \
        sh -c 'ip -6 addr show dev t0 | grep 2001:db8:51::2/ | grep -q dadfailed'
    has "$kind DAD: and it stays in use" '^address 2001:db8:51::2/64 preferred configured'
    station_stop "$kind DAD"
}

# A switch that listens: it sends groups only to who has reported them.
mdb_has() { bridge mdb show dev br0 | grep -q "port t0 grp $1 "; }
mdb_has_not() { ! mdb_has "$1"; }
kernel_switch() {
    local kind=$1 igmp=$2 mld=$3 group
    link_make
    ip link del br0 2>/dev/null
    ip link add br0 type bridge forward_delay 0 mcast_snooping 1 mcast_querier 1 \
        mcast_igmp_version "$igmp" mcast_mld_version "$mld" mcast_query_use_ifaddr 1 \
        mcast_query_interval 300 mcast_query_response_interval 100 \
        mcast_startup_query_interval 100 mcast_last_member_interval 50
    quiet br0
    ip addr add 10.69.0.1/24 dev br0
    ip link set br0 up
    ip link set t0 master br0
    station_start ip=10.69.0.2/24,2001:db8:51::2/64
    has "$kind switch: its addresses are there" '^address 2001:db8:51::2/64 preferred'
    tell join ff05::1234
    tell join 239.1.2.3
    for group in ff05::1234 239.1.2.3 ff02::1:ff00:2; do
        check "$kind switch: $group is known at its port, IGMPv$igmp, MLDv$mld" \
            until_true 30 mdb_has $group
    done
    has "$kind switch: its queries are heard" '^ipv6_group_in_queries [1-9]' \
        '^ipv4_group_in_queries [1-9]' '^ipv6_group_out_reports' '^ipv4_group_out_reports'
    tell leave ff05::1234
    tell leave 239.1.2.3
    for group in ff05::1234 239.1.2.3; do
        check "$kind switch: $group is left" until_true 30 mdb_has_not $group
    done
    station_stop "$kind switch"
    ip link del br0
}

kernel_temporary() {
    local kind=$1 address from
    link_make 2001:db8:54::1/64
    echo_start
    local echo=$daemon_pid
    radvd_start $$ t0 <<'CONF'
interface t0 {
    IgnoreIfMissing on; AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;
    prefix 2001:db8:54::/64 { };
};
CONF
    local router=$daemon_pid
    station_start temporary ip=slaac
    has "$kind: a temporary address beside the stable one" \
        '^address 2001:db8:54:[0-9a-f:]+/64 preferred prefix ' \
        '^address 2001:db8:54:[0-9a-f:]+/64 preferred temporary '
    address=$(of 'address (2001:db8:54:[^/]*)/64 preferred temporary')
    tell tcp 2001:db8:54::1 7 1000
    from=$(of 'from (.*)$')
    is "$kind: what it opens comes from the temporary one" "$from" "$address"
    check "$kind: and works" grep -q '^tcp 1000 right' "$state"
    station_stop "$kind temporary"
    kill -KILL $echo
    daemon_stop $router
    wait $echo 2>/dev/null
}

# A router that knows a shorter way says so (RFC 4861 section 8).
kernel_redirect() {
    local kind=$1 other
    bridge_make
    sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.br0.accept_redirects=0
    ip addr add 2001:db8:55::1/64 dev br0 nodad
    at "$r1" sh -c 'ip addr add 2001:db8:56::1/64 dev l0 nodad
        ip -6 route add 2001:db8:55::/64 dev l0'
    other=$(router_address "$r1")
    ip -6 route add 2001:db8:56::/64 via "$other" dev br0
    echo_start "$r1"
    local echo=$daemon_pid
    radvd_start $$ br0 <<'CONF'
interface br0 {
    AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; prefix 2001:db8:55::/64 { };
};
CONF
    local router=$daemon_pid
    station_start ip=slaac
    has "$kind redirect: a router" \
        '^address 2001:db8:55:[0-9a-f:]+/64 preferred prefix ' '^route ::/0 via'
    tell udp 2001:db8:56::1 7 100
    until_line 20 "$out" '^udp 100 right from 2001:db8:56::1$'
    is "$kind redirect: a datagram by the router" $? 0
    has "$kind redirect: which says where else to send to" '^ipv6_nd_in_redirects [1-9]' \
        "^route 2001:db8:56::1/128 via $other metric [0-9]+ redirect"
    tell tcp 2001:db8:56::1 7 100000
    check "$kind redirect: where it goes from then on" grep -q '^tcp 100000 right' "$state"
    station_stop "$kind redirect"
    kill -KILL $echo
    daemon_stop $router
    wait $echo 2>/dev/null
    bridge_end
    sysctl -qw net.ipv6.conf.all.forwarding=0
}

kernel_scan() {
    local kind=$1 mac n counter
    link_make 2001:db8:51::1/64
    station_start ip=2001:db8:51::2/64 octets=$mib8
    has "$kind scan: its address is there" '^address 2001:db8:51::2/64 preferred'
    ping -6 -c 1 -W 10 2001:db8:51::2 >/dev/null
    mac=$(ip -6 neigh show dev t0 to 2001:db8:51::2 | sed -n 's/.*lladdr \([^ ]*\).*/\1/p')
    "$load" receive 2001:db8:51::2 19 $mib8 >"$scratch/during" 2>&1 &
    local during=$!
    is "$kind scan: 10,000 echoes from 10,000 neighbours that are not there" \
        "$($python "$TERN_SRC/tests/ip6/scan.py" t0 "$mac" 2001:db8:51::2 10000)" 'sent 10000'
    wait $during
    is "$kind scan: a stream goes on meanwhile" $? 0
    tell state
    n=$(of 'neighbours ([0-9]*) of')
    check "$kind scan: the cache is bounded: $(grep '^neighbours' "$state")" [ "$n" -le 512 ]
    check "$kind scan: who is there has not been forgotten" \
        grep -qE '^neighbour 2001:db8:51::1 (reachable|stale|delay|probe)' "$state"
    check "$kind scan: and is answered" ping -6 -c 1 -W 10 2001:db8:51::2
    n=0
    for counter in neigh_cache_full neigh_rate_limited out_discards_no_neighbour \
        out_discards_waiting_full; do
        n=$((n + $(counter ipv6_$counter)))
    done
    check "$kind scan: what was not asked or kept is counted: $n" [ $n -gt 0 ]
    loses "$kind scan: they are forgotten in time" '^neighbours ([1-9][0-9]{2})'
    station_stop "$kind scan"
}

section_kernel() {
    kernel_neighbour kernel only 2001:db8:51::2/64
    kernel_neighbour kernel dual 10.69.0.2/24,2001:db8:51::2/64
    kernel_path kernel
    kernel_reachability kernel
    kernel_conflict kernel
    kernel_switch kernel 2 1
    kernel_switch kernel 3 2
    kernel_temporary kernel
    kernel_redirect kernel
    kernel_scan kernel
}
