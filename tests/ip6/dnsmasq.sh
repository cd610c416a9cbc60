# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# dnsmasq as router and server of both families: SLAAC, DHCPv6 without and with
# addresses, DHCPv4 with all that a host wants to know.

# dnsmasq_start WORDS...: sets daemon_pid.
dnsmasq_start() {
    rm -f "$scratch/leases"
    daemon dnsmasq dnsmasq-base /usr/sbin/dnsmasq --no-daemon --conf-file=/dev/null --port=0 \
        --interface=t0 --bind-interfaces --no-ping --dhcp-authoritative --log-dhcp \
        --dhcp-leasefile="$scratch/leases" --pid-file= --log-facility=- --user=root "$@"
    until_true 20 grep -qE 'IP range|router advertisement|stateless' "$scratch/dnsmasq.err"
}

dnsmasq_slaac() {
    local kind=$1 address
    link_make 2001:db8:1::1/64
    dnsmasq_start --enable-ra --dhcp-range=2001:db8:1::,ra-only,64,1h \
        '--dhcp-option=option6:dns-server,[2001:db8:1::53]' \
        --dhcp-option=option6:domain-search,tern.test
    station_start ip=slaac
    has "$kind: SLAAC by dnsmasq: an address, its prefix on the link, a router, a name server" \
        '^address 2001:db8:1::?[0-9a-f:]+/64 preferred prefix preferred=[0-9]+ valid=3[0-9]{3}$' \
        '^route 2001:db8:1::/64 metric [0-9]+ learned' '^route ::/0 via fe80:' \
        '^dns 2001:db8:1::53$' '^domain tern\.test\.$'
    is "$kind: which is the one that advertises" "$(of 'route ::/0 via ([^ ]*) ')" "$(link_local)"
    has_not "$kind: nobody else is asked, and there is no IPv4" '^dhcp6_' '^dhcp4_' '^address 10'
    address=$(of 'address (2001:[^/]*)/')
    check "$kind: it answers there" ping -6 -c 1 -W 10 "$address"
    check "$kind: and by its link-local address" \
        ping -6 -c 1 -W 10 "$(of 'address (fe80[^/]*)/')%t0"
    station_stop "$kind SLAAC"
    daemon_stop $daemon_pid
}

dnsmasq_stateless() {
    local kind=$1
    link_make 2001:db8:2::1/64
    dnsmasq_start --enable-ra --dhcp-range=2001:db8:2::,ra-stateless,64,1h \
        '--dhcp-option=option6:dns-server,[2001:db8:2::53]' \
        '--dhcp-option=option6:ntp-server,[2001:db8:2::123]'
    station_start ip=slaac
    has "$kind: stateless DHCPv6: an address by SLAAC, names and time by DHCPv6" \
        '^address 2001:db8:2:[0-9a-f:]+/64 preferred prefix ' '^dns 2001:db8:2::53$' \
        '^dhcp6_replies 1$' '^lease6 :: '
    has_not "$kind: it asked for no address" '^dhcp6_(solicits|requests) '
    check "$kind: dnsmasq says the same" \
        grep -q 'DHCPINFORMATION-REQUEST(t0)' "$scratch/dnsmasq.err"
    station_stop "$kind stateless"
    daemon_stop $daemon_pid
}

dnsmasq_stateful() {
    local kind=$1 address
    link_make 2001:db8:3::1/64
    dnsmasq_start --enable-ra --dhcp-range=2001:db8:3::100,2001:db8:3::1ff,64,2m \
        '--dhcp-option=option6:dns-server,[2001:db8:3::53]'
    station_start leave ip=slaac
    has "$kind: stateful DHCPv6: an address of the range" \
        '^address 2001:db8:3::1[0-9a-f]{2}/128 preferred dhcp preferred=[0-9]+ valid=1[0-9]{2}$' \
        '^route ::/0 via fe80:' '^dns 2001:db8:3::53$' '^dhcp6_replies 1$'
    address=$(of 'address (2001:db8:3::1[^/]*)/')
    is "$kind: which is the one in dnsmasq's file" \
        "$(awk '$3 ~ /^2001:db8:3::1/ { print $3 }' "$scratch/leases")" "${address:-one}"
    has_not "$kind: and none by SLAAC, for the prefix says so" '^address 2001.* prefix '
    check "$kind: it answers there" ping -6 -c 1 -W 10 "${address:-::}"
    station_stop "$kind stateful"
    check "$kind: the address is given back at the end" until_true 20 \
        sh -c "grep -q 'DHCPRELEASE(t0)' '$scratch/dnsmasq.err' &&
            ! grep -q 2001:db8:3 '$scratch/leases'"
    daemon_stop $daemon_pid
}

# Of two addresses one is another host's: it is declined, the other one used (RFC 8415 18.2.8).
dnsmasq_declined() {
    local kind=$1
    link_make 2001:db8:3::1/64 fd00:3::1/64
    sysctl -qw net.ipv6.conf.t0.forwarding=1 net.ipv6.conf.t0.proxy_ndp=1
    ip -6 neigh add proxy fd00:3::100 dev t0
    dnsmasq_start --enable-ra --dhcp-range=2001:db8:3::100,2001:db8:3::100,64,2m \
        --dhcp-range=fd00:3::100,fd00:3::100,64,2m
    station_start ip=slaac
    has "$kind: a lease of two addresses, one of which is another host's" \
        '^address 2001:db8:3::100/128 preferred dhcp ' '^dhcp6_conflicts [1-9]' '^dhcp6_declines [1-9]'
    check "$kind: that one is declined" \
        until_true 20 grep -q 'DHCPDECLINE(t0)' "$scratch/dnsmasq.err"
    has_not "$kind: and not used, nor is the other one lost" 'address fd00:3::100/128 preferred' \
        '^dhcp6_solicits [2-9]'
    check "$kind: which answers" ping -6 -c 1 -W 10 2001:db8:3::100
    station_stop "$kind declined"
    daemon_stop $daemon_pid
}

dnsmasq_four() {
    local kind=$1 address
    link_make 10.66.0.1/24
    dnsmasq_start --dhcp-range=10.66.0.100,10.66.0.120,2m \
        --dhcp-option=option:ntp-server,10.66.0.7 \
        --dhcp-option=option:dns-server,10.66.0.8,10.66.0.9 \
        --dhcp-option=option:classless-static-route,192.0.2.0/24,10.66.0.5,0.0.0.0/0,10.66.0.6
    station_start routes ip=dhcp
    has "$kind: DHCPv4 with names, time and routes" \
        '^lease4 10\.66\.0\.1[0-2][0-9] from 10\.66\.0\.1 ' \
        '^dns 10\.66\.0\.8$' '^dns 10\.66\.0\.9$' '^ntp 10\.66\.0\.7$' \
        '^route 192\.0\.2\.0/24 via 10\.66\.0\.5 .*learned' \
        '^route 0\.0\.0\.0/0 via 10\.66\.0\.6 .*learned'
    has_not "$kind: a router beside such routes is none (RFC 3442)" \
        'route 0.0.0.0/0 via 10\.66\.0\.1 '
    address=$(of 'lease4 ([^ ]*) ')
    is "$kind: the lease is the one in dnsmasq's file" "$(awk '{ print $3 }' "$scratch/leases")" \
        "$address"
    check "$kind: it answers there" ping -c 1 -W 10 "$address"
    station_stop "$kind DHCPv4"
    # A configured route is never beaten by one that a server says.
    station_start routes ip=10.66.0.50/24 gw=10.66.0.1
    has_not "$kind: with an address of its own nobody is asked" '^dhcp4_'
    station_stop "$kind configured"
    station_start ip=dhcp
    has "$kind: without a wish for them" "^lease4 $address from"
    has_not "$kind: routes of DHCP are not taken" '^route 192\.0\.2' ' via 10\.66\.0\.6 '
    station_stop "$kind DHCPv4 without routes"
    daemon_stop $daemon_pid
}

# The whole appliance, both families at once.
dnsmasq_serve() {
    local kind=$1 root=$scratch/root address four pid stats
    link_make 10.66.0.1/24 2001:db8:4::1/64
    mkdir -p "$root"
    head -c 300000 /dev/urandom >"$root/file.bin"
    dnsmasq_start --enable-ra --dhcp-range=10.66.0.100,10.66.0.120,2m \
        --dhcp-range=2001:db8:4::,ra-only,64,1h
    log=$scratch/serve.err
    "$build/tern" serve "$root" --listen :80 --link tap:t0 --ip auto --log off --stats 8081 \
        2>"$log" &
    pid=$!
    on_exit "kill -KILL $pid 2>/dev/null"
    until_true 40 grep -q 'address 2001:db8:4:' "$log"
    until_true 40 grep -q 'address 10\.66' "$log"
    address=$(sed -n 's/^.*address \(2001:[0-9a-f:]*\)$/\1/p' "$log" | head -n 1)
    four=$(sed -n 's/^.*address \(10\.[0-9.]*\)$/\1/p' "$log" | head -n 1)
    for where in "$four" "[$address]" \
        "[$(sed -n 's/^.*address \(fe80[0-9a-f:]*\)$/\1/p' "$log" | head -n 1)%25t0]"; do
        curl -sf -m 60 "http://$where/file.bin" -o "$scratch/got"
        check "$kind: tern serve at http://$where/" cmp "$scratch/got" "$root/file.bin"
    done
    curl -sf -m 60 "http://[$address]:8081/metrics" -o "$scratch/metrics"
    stats=$("$TERN_SRC/tests/prometheus.pl" "$scratch/metrics" tern_ipv6_nd_in_routers_total)
    check "$kind: its metrics know of routers: $stats" [ "${stats:-0}" -ge 1 ]
    kill -INT $pid
    wait $pid
    is "$kind: it ends in order" $? 0
    daemon_stop $daemon_pid
}

section_dnsmasq() {
    dnsmasq_slaac dnsmasq
    dnsmasq_stateless dnsmasq
    dnsmasq_stateful dnsmasq
    dnsmasq_declined dnsmasq
    dnsmasq_four dnsmasq
    dnsmasq_serve dnsmasq
}
