#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
Numbers that nobody may guess: guess.py DEVICE MAC. Asks the station on DEVICE,
10.69.0.2 and 2001:db8:51::2, as hosts that its router leads to, and looks at
initial sequence numbers, timestamps and identifications.
"""
import logging
import math
import socket
import sys

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import (  # noqa: E402
    Ether, ICMP, ICMPv6EchoRequest, IP, IPv6, IPv6ExtHdrFragment, Raw, TCP)

N = 32
device, mac = sys.argv[1:3]
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((device, 3))
wire.settimeout(20)


def ask(packet, is_answer):
    """Sends it; the first answer of that kind."""
    wire.send(bytes(Ether(src="02:00:00:00:0b:ad", dst=mac) / packet))
    while True:
        octets, (_, _, kind, _, _) = wire.recvfrom(65536)
        answer = Ether(octets)
        if kind != socket.PACKET_OUTGOING and is_answer(answer):
            return answer


def say(words, good, numbers):
    print("%s - %s%s" % ("ok" if good else "not ok", words,
                         "" if good else ": %s" % ["%x" % n for n in numbers]))


def steps(numbers, bits):
    """Steps from number to number, the short way round."""
    half, whole = 1 << (bits - 1), 1 << bits
    return [(b - a + half) % whole - half for a, b in zip(numbers, numbers[1:])]


def unrelated(numbers, bits):
    """
    Of random ones about 1 step in 128 is shorter than a 256th of all; that a
    quarter of them are has no chance to happen. And they have no factor in common.
    """
    found = steps(numbers, bits)
    long = [step for step in found if abs(step) > 1 << (bits - 8)]
    return len(long) * 4 > len(found) * 3 and math.gcd(*found) == 1


for family, make in ((4, lambda n: IP(src="192.0.2.%d" % (n + 1), dst="10.69.0.2")),
                     (6, lambda n: IPv6(src="2001:db8:60::%x" % (n + 1), dst="2001:db8:51::2"))):
    for words, host, port in (("ports", lambda n: 0, lambda n: 40000 + n),
                              ("hosts", lambda n: n, lambda n: 50000)):
        sequences, stamps = [], []
        for n in range(N):
            sport = port(n)
            answer = ask(make(host(n)) / TCP(sport=sport, dport=7, flags="S", seq=n,
                                             options=[("Timestamp", (1, 0))]),
                         lambda a: TCP in a and a[TCP].dport == sport and a[TCP].flags == "SA")
            sequences.append(answer[TCP].seq)
            stamps.append(dict(answer[TCP].options)["Timestamp"][0])
        say("IPv%d: sequence numbers to other %s are unrelated" % (family, words),
            unrelated(sequences, 32), sequences)
        say("IPv%d: so are timestamps" % family, unrelated(stamps, 32), stamps)

ids = [ask(IP(src="192.0.2.%d" % (100 + n), dst="10.69.0.2") / ICMP(id=n),
           lambda a: ICMP in a and a[ICMP].type == 0 and a[ICMP].id == n)[IP].id
       for n in range(N)]
say("IPv4: identifications to other hosts are unrelated", unrelated(ids, 16), ids)
ids = []
for n in range(N):
    packet = make(n) / ICMPv6EchoRequest(id=n, data=b"x" * 2000)
    echo = bytes(packet)[40:]
    first = IPv6ExtHdrFragment(nh=58, id=n, m=1) / Raw(echo[:1200])
    last = IPv6ExtHdrFragment(nh=58, id=n, offset=1200 // 8) / Raw(echo[1200:])
    wire.send(bytes(Ether(src="02:00:00:00:0b:ad", dst=mac) / make(n) / first))
    ids.append(ask(make(n) / last, lambda a: IPv6ExtHdrFragment in a and
                   a[IPv6].dst == packet.src)[IPv6ExtHdrFragment].id)
say("IPv6: so are those of fragments", unrelated(ids, 32), ids)
print("# %d questions" % (6 * N))
