# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Kea as server of both families, with leases of seconds: renewed, refused,
# declined, asked for elsewhere, run out, given back. What was leased is read in
# the server's file of leases.

# kea_start 4|6: with what is in $scratch/kea.$1.conf; sets daemon_pid.
kea_start() {
    local family=$1
    export KEA_LOCKFILE_DIR=$scratch KEA_PIDFILE_DIR=$scratch KEA_LOGGER_DESTINATION=stderr
    rm -f "$scratch"/*.pid
    daemon "kea$family" "kea-dhcp$family-server" "/usr/sbin/kea-dhcp$family" \
        -c "$scratch/kea.$family.conf"
    until_true 60 grep -q "DHCP${family}_STARTED" "$scratch/kea$family.err" || {
        not_ok "Kea starts: $(tail -n 1 "$scratch/kea$family.err")"
        station_stop "without Kea"
        return 1
    }
}

# kea_conf 4|6 SUBNET POOL T1 T2 LIFETIME
kea_conf() {
    local family=$1 options='' address=t0
    case $family in
    4) options='{ "name": "domain-name-servers", "data": "192.0.2.53" },
                { "name": "ntp-servers", "data": "192.0.2.123" }' ;;
    6) options='{ "name": "dns-servers", "data": "2001:db8::53" }' ;;
    esac
    cat >"$scratch/kea.$family.conf" <<CONF
{ "Dhcp$family": {
    "interfaces-config": { "interfaces": [ "$address" ] },
    "lease-database": { "type": "memfile", "lfc-interval": 0, "name": "$scratch/kea.$family.csv" },
    $([ "$family" = 6 ] || echo '"authoritative": true,')
    $([ "$family" = 4 ] || echo '"server-id": { "type": "LL", "persist": false },')
    "renew-timer": $4, "rebind-timer": $5, "valid-lifetime": $6,
    $([ "$family" = 4 ] || echo "\"preferred-lifetime\": $6,")
    "option-data": [ $options ],
    "subnet$family": [ { "id": 1, "subnet": "$2", "interface": "t0",
                         "pools": [ { "pool": "$3" } ] } ],
    "loggers": [ { "name": "kea-dhcp$family", "severity": "INFO",
                   "output_options": [ { "output": "stderr" } ] } ]
} }
CONF
}
# Lines of an address in the file of leases with this state: 0 leased, 1 declined.
rows() {
    awk -F, -v a="$2" -v s="$3" -v c="$([ "$1" = 4 ] && echo 10 || echo 14)" \
        '$1 == a && $c == s { n++ } END { print n + 0 }' "$scratch/kea.$1.csv"
}
many_rows() { [ "$(rows "$1" "$2" "$3")" -ge "$4" ]; }

kea_four() {
    local kind=$1
    # The first of the pool is in use by another host: the kernel.
    link_make 10.67.0.1/24 10.67.0.100/24
    rm -f "$scratch"/kea.4.csv*
    kea_conf 4 10.67.0.0/24 '10.67.0.100 - 10.67.0.101' 3 6 12
    # Kea opens its sockets once, on links that are up.
    station_start ip=dhcp
    until_true 20 sh -c "ip -o link show dev t0 | grep -q LOWER_UP"
    kea_start 4 || return
    has "$kind: an address that another host uses is declined, another one taken" \
        '^dhcp4_declines 1$' '^dhcp4_conflicts 1$' '^lease4 10\.67\.0\.101 from 10\.67\.0\.1 ' \
        '^dns 192\.0\.2\.53$' '^ntp 192\.0\.2\.123$'
    check "$kind: Kea has written both" sh -c "[ $(rows 4 10.67.0.100 1) -eq 1 ] &&
        [ $(rows 4 10.67.0.101 0) -ge 1 ]"
    check "$kind: it answers there" ping -c 1 -W 10 10.67.0.101
    has "$kind: the lease is renewed" \
        '^dhcp4_renewals ([2-9]|[1-9][0-9])' '^dhcp4_acks ([3-9]|[1-9][0-9])'
    check "$kind: Kea has written that" until_true 20 many_rows 4 10.67.0.101 0 3
    # The server has moved to another net: it says no to the address of the old one.
    daemon_stop $daemon_pid
    rm -f "$scratch"/kea.4.csv*
    ip addr add 10.68.0.1/24 dev t0
    kea_conf 4 10.68.0.0/24 '10.68.0.100 - 10.68.0.101' 300 500 600
    kea_start 4 || return
    has "$kind: a NAK ends the lease, and another net's is asked for" '^dhcp4_naks [1-9]' \
        '^lease4 10\.68\.0\.100 from ' '^address 10\.68\.0\.100/24'
    has_not "$kind: nothing of the old one is left" '^(address|route) 10\.67\.0'
    check "$kind: Kea has written it" many_rows 4 10.68.0.100 0 1
    station_stop "$kind four"
    daemon_stop $daemon_pid
}

kea_six() {
    local kind=$1 router server address=2001:db8:41::101
    link_make 2001:db8:41::100/64
    rm -f "$scratch"/kea.6.csv*
    kea_conf 6 2001:db8:41::/64 '2001:db8:41::100 - 2001:db8:41::101' 10 13 20
    # Kea listens on the link-local address, which is there when the link is up.
    station_start leave ip=slaac
    until_true 20 sh -c "ip -6 -o addr show dev t0 scope link | grep -q fe80"
    kea_start 6 || return
    server=$daemon_pid
    # The first answer is a router's: it says that addresses are a server's.
    radvd_start $$ t0 <<'CONF'
interface t0 {
    IgnoreIfMissing on; AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;
    AdvManagedFlag on;
    prefix 2001:db8:41::/64 { AdvAutonomous off; };
};
CONF
    router=$daemon_pid
    has "$kind: an address that another host uses is declined, another one taken" \
        '^dhcp6_declines 1$' '^dhcp6_conflicts 1$' "^lease6 $address " '^dns 2001:db8::53$' \
        "^address $address/128 preferred dhcp"
    check "$kind: Kea has written both" sh -c "[ $(rows 6 2001:db8:41::100 1) -ge 1 ] &&
        [ $(rows 6 $address 0) -ge 1 ]"
    check "$kind: it answers there" ping -6 -c 1 -W 10 $address
    has "$kind: the lease is renewed" '^dhcp6_renews [1-9]'
    check "$kind: Kea has written that" until_true 20 many_rows 6 $address 0 2
    # A server that is silent at T1 is one of several at T2.
    kill -STOP "$(kea_pid)"
    has "$kind: a server that is silent is asked for elsewhere" '^dhcp6_rebinds [1-9]'
    kill -KILL "$(kea_pid)"
    wait $server 2>/dev/null
    has "$kind: a lease that nobody renews runs out" '^dhcp6_expiries [1-9]'
    has_not "$kind: its address is gone" "^address $address"
    # Back again, and it knows nothing.
    rm -f "$scratch"/kea.6.csv*
    kea_start 6 || return
    has "$kind: a server that comes back leases anew" "^lease6 $address "
    has "$kind: which is used" '^address 2001:db8:41::101/128 preferred dhcp'
    station_stop "$kind six"
    check "$kind: the lease is given back at the end" until_true 30 \
        grep -qE "RELEASE.*$address|$address.*release" "$scratch/kea6.err"
    daemon_stop $daemon_pid
    daemon_stop $router
}
kea_pid() { pgrep -P "$server" kea || echo "$server"; }

section_kea() {
    kea_four kea
    kea_six kea
}
