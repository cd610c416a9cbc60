# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What a scanner learns: which ports are open, and nothing by which to guess.

# scan NAME WORDS...: nmap's account in $scratch/NAME.xml.
scan() {
    local name=$1
    shift
    check "nmap $name: it ends in order" nmap -n -Pn -O --max-os-tries 1 -sS -sU \
        -p T:1,7,9,19,U:1,7 -oX "$scratch/$name.xml" "$@"
}
# of_scan NAME ELEMENT ATTRIBUTE: of each such element, a line.
of_scan() {
    "$python" -c 'import sys, xml.etree.ElementTree as tree
for element in tree.parse(sys.argv[1]).iter(sys.argv[2]):
    print(element.get(sys.argv[3]))' "$scratch/$1.xml" "$2" "$3"
}

section_nmap() {
    local name index
    link_make 10.69.0.1/24 2001:db8:51::1/64
    # Hosts that are elsewhere are behind the kernel, which hands nothing on.
    station_start ip=10.69.0.2/24,2001:db8:51::2/64 gw=10.69.0.1,2001:db8:51::1
    has "nmap: its address is there" '^address 2001:db8:51::2/64 preferred'
    check "nmap: it is found" ping -6 -c 1 -W 10 2001:db8:51::2
    "$python" "$TERN_SRC/tests/ip6/guess.py" t0 "$(station_mac)" >"$scratch/guess" 2>&1
    is "nmap: all was asked" $? 0
    cat "$scratch/guess"
    scan four 10.69.0.2
    scan six -6 2001:db8:51::2
    for name in four six; do
        is "nmap $name: ports are what they are" \
            "$(of_scan $name state state | tr '\n' ' ')" 'closed open open open closed open '
        is "nmap $name: it is no system that is known" \
            "$(of_scan $name osmatch accuracy | grep -cx 100)" 0
    done
    index=$(of_scan four tcpsequence index)
    check "nmap four: sequence numbers: $(of_scan four tcpsequence difficulty) ($index)" \
        [ "${index:-0}" -ge 200 ]
    is "nmap four: identifications where there is need of none" \
        "$(of_scan four ipidsequence class)" 'All zeros'
    is "nmap four: timestamps are no clock" "$(of_scan four tcptssequence class)" other
    station_stop nmap
}
