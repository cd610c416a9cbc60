# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# radvd on two routers of one link: all that an advertisement can say, which of
# two routers is taken, what becomes of one that is silent or withdrawn.

# bridge_make: t0 and, at the bridge br0, two routers in namespaces: $r1 and $r2.
bridge_make() {
    local n
    radvds=
    link_make
    ip link del br0 2>/dev/null
    ip link add br0 type bridge forward_delay 0 mcast_snooping 0
    quiet br0
    ip link set br0 up
    ip link set t0 master br0
    for n in 1 2; do
        netns_make
        eval "r$n=$there"
        ip link add "w$n" type veth peer name l0 netns "$there"
        ip link set "w$n" master br0
        ip link set "w$n" up
        at "$there" sh -c "sysctl -qw net.ipv6.conf.all.forwarding=1 \
            net.ipv6.conf.l0.accept_dad=0 net.ipv6.conf.lo.accept_dad=0
            ip link set l0 up
            ip addr add 2001:db8:99::1/128 dev lo nodad"
    done
}
bridge_end() {
    # shellcheck disable=SC2086
    kill -KILL "$r1" "$r2" $radvds 2>/dev/null
    # shellcheck disable=SC2086
    wait "$r1" "$r2" $radvds 2>/dev/null
    radvds=
    for link in w1 w2 br0; do ip link del $link 2>/dev/null; done
}
router_address() {
    at "$1" ip -6 -o addr show dev l0 scope link | sed -n 's/.*inet6 \([^/]*\).*/\1/p'
}

# radvd_start WHO NAME: with its configuration on standard input; sets daemon_pid.
radvd_start() {
    local dir=$scratch/radvd.$2 program libs
    program=$(peer_fetch radvd) || return 1
    libs=$(find "$program" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
    mkdir -p "$dir"
    cat >"$dir/conf"
    chmod -R go-w "$dir"
    # exec: what is killed must be radvd itself.
    (exec nsenter --target "$1" --net -- env LD_LIBRARY_PATH="$libs" "$program/usr/sbin/radvd" \
        --nodaemon --config "$dir/conf" --pidfile "$dir/pid" --logmethod stderr --debug 1 \
        >"$scratch/radvd.$2.err" 2>&1) &
    daemon_pid=$!
    radvds="$radvds $daemon_pid"
    on_exit "kill -KILL $daemon_pid 2>/dev/null"
}

radvd_says_all() {
    local kind=$1 via daemon
    bridge_make
    at "$r1" ip addr add 2001:db8:11::1/64 dev l0 nodad
    radvd_start "$r1" r1 <<'CONF'
interface l0 {
    AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 900;
    AdvDefaultPreference high; AdvLinkMTU 1400; AdvCurHopLimit 77;
    AdvReachableTime 20000; AdvRetransTimer 500;
    prefix 2001:db8:11::/64 { AdvValidLifetime 7200; AdvPreferredLifetime 3600; };
    prefix 2001:db8:12::/64 { AdvOnLink on; AdvAutonomous off; };
    prefix 2001:db8:13::/64 { AdvOnLink off; AdvAutonomous on; };
    route 2001:db8:77::/48 { AdvRoutePreference low; AdvRouteLifetime 600; };
    RDNSS 2001:db8:11::53 2001:db8:11::54 { AdvRDNSSLifetime 300; };
    DNSSL one.test two.test { AdvDNSSLLifetime 300; };
};
CONF
    daemon=$daemon_pid
    station_start ip=slaac
    via=$(router_address "$r1")
    has "$kind: prefixes with their lifetimes" \
        '^address 2001:db8:11:[0-9a-f:]+/64 preferred prefix preferred=3[0-9]{3} valid=7[0-9]{3}$' \
        '^address 2001:db8:13:[0-9a-f:]+/64 preferred prefix ' '^route 2001:db8:12::/64 metric'
    has_not "$kind: each as its flags say" '^address 2001:db8:12:' '^route 2001:db8:13:'
    has "$kind: the router, its rank, a route with another rank" \
        "^route ::/0 via $via metric 512 learned valid=[89][0-9]{2}\$" \
        "^route 2001:db8:77::/48 via $via metric 1536 learned valid=[56][0-9]{2}\$"
    has "$kind: RDNSS and DNSSL" '^dns 2001:db8:11::53$' '^dns 2001:db8:11::54$' \
        '^domain one\.test\.$' '^domain two\.test\.$'
    has "$kind: MTU and hop limit of the link" '^mtu 1400 hops 77$'
    at "$r1" ping -6 -c 1 -W 10 -s 1452 "$(of 'address (2001:db8:11:[^/]*)/')" >"$scratch/ping"
    is "$kind: answers leave with that hop limit" "$(grep -c 'ttl=77' "$scratch/ping")" 1
    has "$kind: and in pieces of that length" '^ipv6_out_frag_creates 2$'
    kill -TERM $daemon
    wait $daemon
    loses "$kind: a router that says that it ends is none" "^route ::/0 via $via "
    has "$kind: its prefixes live on" '^address 2001:db8:11:[0-9a-f:]+/64 preferred prefix '
    station_stop "$kind radvd"
    bridge_end
}

# Short lives, and the end that a router announces for a prefix.
radvd_lifetimes() {
    local kind=$1
    bridge_make
    radvd_start "$r1" r1 <<'CONF'
interface l0 {
    AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 9;
    prefix 2001:db8:21::/64 { AdvValidLifetime 8; AdvPreferredLifetime 5; };
    RDNSS 2001:db8:21::53 { AdvRDNSSLifetime 6; };
};
CONF
    local short=$daemon_pid
    radvd_start "$r2" r2 <<'CONF'
interface l0 {
    AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 900;
    prefix 2001:db8:22::/64 {
        AdvValidLifetime 86400; AdvPreferredLifetime 3600; DeprecatePrefix on;
    };
};
CONF
    local withdrawn=$daemon_pid
    station_start ip=slaac
    has "$kind: a prefix of some seconds" '^address 2001:db8:21:[0-9a-f:]+/64 preferred prefix' \
        '^dns 2001:db8:21::53$' '^address 2001:db8:22:[0-9a-f:]+/64 preferred prefix'
    kill -KILL $short
    kill -TERM $withdrawn
    wait $short $withdrawn 2>/dev/null
    has "$kind: a prefix that its router withdraws is deprecated, for two hours" \
        '^address 2001:db8:22:[0-9a-f:]+/64 deprecated prefix preferred=0 valid=7[0-9]{3}$'
    loses "$kind: the short one is gone when its time is up" '2001:db8:21:'
    has "$kind: and its address is told lost" "^route 2001:db8:22::/64"
    check "$kind: in the log too" grep -qE 'address lost 2001:db8:21:|lost.* 2001:db8:21:' "$log"
    loses "$kind: so is the router" '^route ::/0'
    station_stop "$kind lifetimes"
    bridge_end
}

# Which of two; and the other one when that is silent.
radvd_two() {
    local kind=$1 one two n rank
    bridge_make
    for n in 1 2; do
        rank=low
        [ $n = 1 ] || rank=high
        eval "radvd_start \$r$n r$n" <<CONF
interface l0 {
    AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultPreference $rank;
    AdvReachableTime 1000; AdvRetransTimer 200;
    prefix 2001:db8:31::/64 { };
};
CONF
        at "$(eval "echo \$r$n")" ip -6 route replace 2001:db8:31::/64 dev l0
    done
    station_start ip=slaac
    one=$(router_address "$r1") two=$(router_address "$r2")
    has "$kind: two routers" "^route ::/0 via $one metric 1536" "^route ::/0 via $two metric 512" \
        '^address 2001:db8:31:[0-9a-f:]+/64 preferred prefix '
    is "$kind: the better one is tried first" "$(of 'route ::/0 via ([^ ]*)')" "$two"
    tell tcp 2001:db8:99::1 9 10
    check "$kind: a connection goes by it" grep -q '^tcp 0 right' "$state"
    is "$kind: and by no other" "$(resets "$r1") $(resets "$r2")" '0 1'
    # Gone without a word: it does not answer, and the other one is taken.
    at "$r2" ip link set l0 down
    tell tcp 2001:db8:99::1 9 10
    check "$kind: when it is silent the other one is taken" grep -q '^tcp 0 right' "$state"
    is "$kind: which got it" "$(resets "$r1")" 1
    has "$kind: the silent one is passed over" "^route ::/0 via $two .* silent"
    station_stop "$kind two routers"
    bridge_end
}
# Resets that a namespace's kernel has sent.
resets() { at "$1" awk '/^Tcp:/ && $2 ~ /[0-9]/ { print $15 }' /proc/net/snmp; }

section_radvd() {
    radvd_says_all radvd
    radvd_lifetimes radvd
    radvd_two radvd
}
