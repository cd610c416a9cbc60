#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
Odd packets and what must be answered, in the manner of IPv6 Ready's core tests
(RFC 8200, 4443, 4861): packets.py DEVICE MAC DIRECTORY.

The station on DEVICE has 2001:db8:51::2, and the kernel as its router, so that
answers to hosts elsewhere come by DEVICE; each case has a host of its own, for
errors are rate limited. A case is over when an echo that follows it has been
answered: what came before that is the whole answer. DIRECTORY has the station's
input (told) and output (station.out), by which its counters are asked for.
"""
import logging
import socket
import sys
import time

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import (  # noqa: E402
    Ether, HBHOptUnknown, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
    ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, ICMPv6ParamProblem,
    ICMPv6Unknown, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting, ICMPv6MLQuery, Raw, TCP, UDP)

OURS, NEAR, GROUP = "2001:db8:51::2", "fe80::beef", "ff02::1"
MINE = "02:00:00:00:0b:ad"
device, station_mac, directory = sys.argv[1:4]

wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86dd))
wire.bind((device, 0x86dd))
wire.settimeout(20)


# ---- The station -------------------------------------------------------------


def counters():
    """What the station counts, by name."""
    with open(directory + "/station.out") as out:
        before = out.read().count("\n")
        with open(directory + "/told", "w") as told:
            told.write("state\n")
        lines, end = [], time.monotonic() + 60
        while "done" not in lines[before:] and time.monotonic() < end:
            time.sleep(0.005)
            out.seek(0)
            lines = out.read().split("\n")
    got = {}
    for line in lines[before:]:
        words = line.split()
        if len(words) == 2 and words[1].isdigit() and "_" in words[0]:
            got[words[0]] = int(words[1])
    return got


# ---- Cases -------------------------------------------------------------------

n_cases = 0


def host():
    return "2001:db8:60::%x" % (0x100 + n_cases)


def frame(packet):
    to = "33:33:00:00:00:01" if packet.dst.startswith("ff") else station_mac
    return Ether(src=MINE, dst=to) / packet


def answers(source):
    """All that came to `source` until the echo after the case is answered."""
    got = []
    ident = 0x8000 + n_cases
    wire.send(bytes(frame(IPv6(src=source, dst=OURS) / ICMPv6EchoRequest(id=ident))))
    while True:
        octets, (_, _, kind, _, _) = wire.recvfrom(65536)
        if kind == socket.PACKET_OUTGOING:
            continue
        packet = Ether(octets)
        if IPv6 not in packet or packet[IPv6].dst != source:
            continue
        if ICMPv6EchoReply in packet and packet[ICMPv6EchoReply].id == ident:
            return got
        got.append(packet[IPv6])


def show(packet):
    """An answer in the words of the cases."""
    if ICMPv6ParamProblem in packet:
        return "parameter %d at %d" % (packet[ICMPv6ParamProblem].code,
                                       packet[ICMPv6ParamProblem].ptr)
    if ICMPv6DestUnreach in packet:
        return "unreachable %d" % packet[ICMPv6DestUnreach].code
    if ICMPv6EchoReply in packet:
        return "echo"
    if TCP in packet:
        return "tcp %s" % packet[TCP].flags
    return packet.summary()


def case(words, packets, wanted, **counted):
    """Packets as they are sent, the answers wanted, counters and by how much they rise."""
    global n_cases
    before = counters()
    packets = packets if isinstance(packets, list) else [packets]
    sent = [packet if isinstance(packet, bytes) else bytes(frame(packet)) for packet in packets]
    for octets in sent:
        wire.send(octets)
    got = answers(host())
    after = counters()
    rose = {name: after.get(name, 0) - before.get(name, 0) for name in counted}
    shown = [show(packet) for packet in got]
    if shown != wanted:
        print("not ok - %s: answered %s, not %s" % (words, shown, wanted))
    elif rose != counted:
        print("not ok - %s: counted %s, not %s" % (words, rose, counted))
    elif not all(quotes(packet, sent) for packet in got):
        print("not ok - %s: the quote is not of what was sent" % words)
    else:
        print("ok - %s" % words)
    n_cases += 1


def quotes(packet, sent):
    """RFC 4443 section 2.4 (c): as much of the packet as fits into 1,280 octets."""
    for kind in (ICMPv6ParamProblem, ICMPv6DestUnreach):
        if kind in packet:
            quote = bytes(packet[kind])[8:]
            return any(octets[14:14 + 1232] == quote for octets in sent)
    return True


def ip(dst=OURS, **fields):
    return IPv6(src=host(), dst=dst, **fields)


def echo(**fields):
    return ICMPv6EchoRequest(id=7, data=b"x" * 32, **fields)


def options(*kinds):
    return [HBHOptUnknown(otype=kind, optlen=4, optdata=b"abcd") for kind in kinds]


# ---- Extension headers ---------------------------------------------------------

for name, header in (("hop-by-hop", IPv6ExtHdrHopByHop), ("destination", IPv6ExtHdrDestOpt)):
    case(name + " option 00: passed over", ip() / header(options=options(0x1e)) / echo(), ["echo"])
    case(name + " option 01: dropped without a word", ip() / header(options=options(0x5e)) / echo(),
         [], ipv6_in_hdr_errors_bad_option=1)
    case(name + " option 10: answered", ip() / header(options=options(0x9e)) / echo(),
         ["parameter 2 at 42"], ipv6_in_hdr_errors_bad_option=1)
    case(name + " option 11: answered", ip() / header(options=options(0xde)) / echo(),
         ["parameter 2 at 42"], ipv6_in_hdr_errors_bad_option=1)
    case(name + " option 10 to a group: answered",
         ip(GROUP) / header(options=options(0x9e)) / echo(), ["parameter 2 at 42"])
    case(name + " option 11 to a group: not answered",
         ip(GROUP) / header(options=options(0xde)) / echo(), [], ipv6_in_hdr_errors_bad_option=1)
case("the second option is the one that is pointed at",
     ip() / IPv6ExtHdrDestOpt(options=options(0x1e, 0x9e)) / echo(), ["parameter 2 at 48"])
case("an option that leaves its header",
     ip() / IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x1e, optlen=200, optdata=b"abcd")]) /
     echo(), ["parameter 0 at 43"], ipv6_in_hdr_errors_bad_hdr=1)
case("a header that leaves the packet", ip() / IPv6ExtHdrDestOpt(len=99) / echo(),
     ["parameter 0 at 41"], ipv6_in_hdr_errors_bad_hdr=1)
case("a jumbo payload option with a length beside it",
     ip() / IPv6ExtHdrHopByHop(options=[HBHOptUnknown(otype=0xc2, optlen=4, optdata=b"\0\1\0\0")]) /
     echo(), ["parameter 2 at 42"], ipv6_in_hdr_errors_bad_option=1)
case("a jumbo payload without a length",
     ip(plen=0) / IPv6ExtHdrHopByHop(
         options=[HBHOptUnknown(otype=0xc2, optlen=4, optdata=b"\0\1\0\0")]) / echo(), [],
     ipv6_in_hdr_errors_jumbo=1)
case("hop-by-hop options behind others",
     ip() / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / echo(), ["parameter 1 at 40"],
     ipv6_in_hdr_errors_bad_next=1)
case("routing header 0 (RFC 5095)", ip() / IPv6ExtHdrRouting(addresses=["2001:db8::1"]) / echo(),
     ["parameter 0 at 42"], ipv6_in_hdr_errors_bad_routing=1)
case("routing header 0 at its end", ip() /
     IPv6ExtHdrRouting(addresses=["2001:db8::1"], segleft=0) / echo(), ["echo"])
case("a routing header of a type that nobody knows",
     ip() / IPv6ExtHdrRouting(type=33, addresses=["2001:db8::1"]) / echo(), ["parameter 0 at 42"],
     ipv6_in_hdr_errors_bad_routing=1)
case("an unknown next header", ip(nh=250) / Raw(b"x" * 16), ["parameter 1 at 6"])
case("an unknown next header behind options",
     ip() / IPv6ExtHdrDestOpt(nh=250) / Raw(b"x" * 16), ["parameter 1 at 40"])
case("no next header", ip(nh=59) / Raw(b"x" * 16), [], ipv6_in_hdr_errors_no_next=1)
case("another version", bytes(frame(ip() / echo())).replace(b"\x86\xdd\x60", b"\x86\xdd\x40", 1),
     [], ipv6_in_hdr_errors_bad_version=1)
case("a payload that is not all there", ip(plen=500) / echo(), [],
     ipv6_in_hdr_errors_bad_payload_len=1)

# ---- Fragments -------------------------------------------------------------------


def pieces(packet, *cuts):
    """The packet's payload cut at these octets: (start, end, more) each."""
    data = bytes(packet[IPv6].payload)
    return [IPv6(src=packet.src, dst=packet.dst, hlim=packet.hlim) /
            IPv6ExtHdrFragment(nh=packet.nh, id=n_cases, offset=start // 8, m=int(more)) /
            Raw(data[start:end]) for start, end, more in cuts]


long = ICMPv6EchoRequest(id=7, data=bytes(range(256)) * 4)
whole = ip() / long
case("fragments in another order",
     pieces(whole, (800, 1032, False), (0, 400, True), (400, 800, True)), ["echo"],
     ipv6_reasm_oks=1)
whole = ip() / echo()
case("an atomic fragment (RFC 6946)", pieces(whole, (0, 40, False)), ["echo"])
whole = ip() / long
case("fragments that overlap (RFC 5722)",
     pieces(whole, (0, 400, True), (392, 800, True), (800, 1032, False)), [],
     ipv6_reasm_oks=0, ipv6_reasm_fails_overlap=1)
whole = ip() / long
case("a fragment that comes twice", pieces(whole, (0, 400, True), (0, 400, True),
                                           (400, 1032, False)), ["echo"], ipv6_reasm_oks=1)
case("a fragment that is no multiple of 8", pieces(ip() / long, (0, 401, True)),
     ["parameter 0 at 4"], ipv6_in_hdr_errors_bad_fragment=1)
case("a fragment that ends behind 65,535",
     ip() / IPv6ExtHdrFragment(nh=58, offset=8191, m=0, id=9) / Raw(b"x" * 64),
     ["parameter 0 at 42"], ipv6_in_hdr_errors_bad_fragment=1)
case("a first fragment without all headers (RFC 7112)",
     ip() / IPv6ExtHdrFragment(nh=60, offset=0, m=1, id=9) / Raw(bytes([6, 1]) + b"\0" * 6),
     ["parameter 3 at 0"], ipv6_in_hdr_errors_cut_chain=1)
case("a first fragment without its transport's header",
     ip() / IPv6ExtHdrFragment(nh=6, offset=0, m=1, id=9) / Raw(b"\0" * 8), ["parameter 3 at 0"],
     ipv6_in_hdr_errors_cut_chain=1)

# ---- Addresses ---------------------------------------------------------------------

for words, source, counter in (
        ("a group", "ff02::1", "bad_source"), ("loopback", "::1", "bad_source"),
        ("our own address", OURS, "bad_source"),
        ("an address of IPv4", "::ffff:192.0.2.1", "mapped")):
    case("from " + words, IPv6(src=source, dst=OURS) / echo(), [],
         **{"ipv6_in_addr_errors_" + counter: 1})
case("to loopback", ip("::1") / echo(), [], ipv6_in_addr_errors_not_ours=1)
case("to one host in a frame to all",
     bytes(Ether(src=MINE, dst="33:33:00:00:00:01") / ip() / echo()), [],
     ipv6_in_addr_errors_link_group=1)

# ---- ICMPv6 ------------------------------------------------------------------------

case("an error of a type that nobody knows", ip() / ICMPv6Unknown(type=100, msgbody=b"x" * 40), [],
     ipv6_icmp_drops_unknown_type=1)
case("a message of a type that nobody knows", ip() / ICMPv6Unknown(type=200, msgbody=b"x" * 40),
     [], ipv6_icmp_drops_unknown_type=1)
case("a wrong sum", ip() / ICMPv6EchoRequest(id=7, cksum=0x1234), [],
     ipv6_icmp_drops_bad_checksum=1)
case("an answer that nobody asked for", ip() / ICMPv6EchoReply(id=7), [],
     ipv6_icmp_drops_ignored=1)
case("a packet too big of what was never sent",
     ip() / ICMPv6PacketTooBig(mtu=600) / IPv6(src=OURS, dst=host()) / UDP(sport=7, dport=9999),
     [], udp_icmp_drops_unmatched=1, ipv6_pmtu_lowered=0)
case("a packet too big of another host's packet",
     ip() / ICMPv6PacketTooBig(mtu=1280) / IPv6(src="2001:db8::5", dst=host()) / UDP(), [],
     ipv6_icmp_drops_error_bad=1)
case("a port that nobody listens on", ip() / UDP(sport=999, dport=999) / Raw(b"x" * 1300),
     ["unreachable 4"], udp_no_ports_no_port=1)
case("the same, asked of a group", ip(GROUP) / UDP(sport=999, dport=999) / Raw(b"x"), [])
case("a datagram without a sum", ip() / UDP(sport=999, dport=7, chksum=0) / Raw(b"x"), [],
     udp_in_errors_bad_checksum=1)
case("a connection to a port that nobody listens on",
     ip() / TCP(sport=999, dport=999, flags="S", seq=5), ["tcp RA"])
case("a land packet", IPv6(src=OURS, dst=OURS) / TCP(sport=7, dport=7, flags="S"), [],
     ipv6_in_addr_errors_bad_source=1)

before = counters()
for octets in [bytes(frame(ip() / UDP(sport=999, dport=999) / Raw(b"x")))] * 200:
    wire.send(octets)
n_answers = len(answers(host()))
limited = counters()["ipv6_icmp_rate_limited"] - before.get("ipv6_icmp_rate_limited", 0)
print("%s - 200 datagrams to a closed port: errors come at a rate: %d, and %d kept back" %
      ("ok" if 0 < n_answers < 100 and n_answers + limited == 200 else "not ok", n_answers,
       limited))
n_cases += 1

# ---- Neighbour Discovery -------------------------------------------------------------


def near(hlim=255, dst=OURS, src=NEAR):
    return IPv6(src=src, dst=dst, hlim=hlim)


source_mac = ICMPv6NDOptSrcLLAddr(lladdr=MINE)
for words, packet, counter in (
        ("a solicitation from elsewhere", near(254) / ICMPv6ND_NS(tgt=OURS) / source_mac,
         "not_local"),
        ("an advertisement from elsewhere", near(64) / ICMPv6ND_NA(tgt=NEAR), "not_local"),
        ("a router's advertisement from elsewhere", near(254, GROUP) / ICMPv6ND_RA(), "not_local"),
        ("a redirect from elsewhere", near(1) / ICMPv6ND_Redirect(tgt=NEAR, dst="2001:db8::1"),
         "not_local"),
        ("a router without a link-local address",
         near(src="2001:db8:51::9", dst=GROUP) / ICMPv6ND_RA(), "not_local"),
        ("a router that nobody asked, where nobody follows routers",
         near(dst=GROUP) / ICMPv6ND_RA() / ICMPv6NDOptPrefixInfo(prefix="2001:db8:66::"),
         "unsolicited"),
        ("a solicitation with a code", near() / ICMPv6ND_NS(code=1, tgt=OURS), "malformed"),
        ("a solicitation with an option of length 0",
         near() / ICMPv6ND_NS(tgt=OURS) / Raw(b"\1\0" + b"\0" * 6), "malformed"),
        ("a solicitation that is cut", near(dst=OURS) / ICMPv6Unknown(type=135, msgbody=b"\0" * 12),
         "malformed"),
        ("a solicitation for a group", near() / ICMPv6ND_NS(tgt="ff02::1"), "bad_addr"),
        ("a solicitation of nobody with a MAC",
         near(src="::", dst="ff02::1:ff00:2") / ICMPv6ND_NS(tgt=OURS) / source_mac, "bad_addr"),
        ("a solicitation of nobody to one host",
         near(src="::") / ICMPv6ND_NS(tgt=OURS), "bad_addr"),
        ("an answer to a question, to all", near(dst=GROUP) / ICMPv6ND_NA(tgt=NEAR, S=1),
         "bad_addr"),
        ("an advertisement that nobody waits for",
         near() / ICMPv6ND_NA(tgt="2001:db8:51::77", S=1) / ICMPv6NDOptDstLLAddr(lladdr=MINE),
         "unsolicited"),
        ("a solicitation in fragments (RFC 6980)",
         near() / IPv6ExtHdrFragment(nh=58, m=0) / ICMPv6ND_NS(tgt=OURS), "fragmented")):
    case(words, packet, [], **{"ipv6_nd_drops_" + counter: 1, "ipv6_nd_in_routers": 0})
case("a redirect of who is no router",
     near() / ICMPv6ND_Redirect(tgt="fe80::1", dst="2001:db8:60::1"), [],
     ipv6_router_drops_redirect=1)
case("a query after groups from elsewhere",
     near(64, GROUP) / ICMPv6MLQuery(mrd=1000), [], ipv6_group_drops_not_local=1)

wire.send(bytes(frame(near() / ICMPv6ND_NS(tgt=OURS) / source_mac)))
while True:
    octets, (_, _, kind, _, _) = wire.recvfrom(65536)
    answer = Ether(octets)
    if kind != socket.PACKET_OUTGOING and ICMPv6ND_NA in answer and answer[IPv6].dst == NEAR:
        break
got = (answer.dst, answer[IPv6].hlim, answer[ICMPv6ND_NA].S, answer[ICMPv6ND_NA].O,
       answer[ICMPv6ND_NA].R, answer[ICMPv6ND_NA].tgt, answer[ICMPv6NDOptDstLLAddr].lladdr)
want = (MINE, 255, 1, 1, 0, OURS, station_mac)
print("%s - a solicitation is answered to its face%s" %
      (("ok", "") if got == want else ("not ok", ": %s, not %s" % (got, want))))
print("# %d cases" % n_cases)
