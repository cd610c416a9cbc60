#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
Who scans a /64 has its hosts look for neighbours that are not there (RFC 6583):
scan.py DEVICE MAC ADDRESS COUNT sends so many echo requests to ADDRESS, each
from another address of its /64, as a router would hand them on.
"""
import ipaddress
import socket
import struct
import sys


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


device, mac, address, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind((device, 0))
ethernet = bytes.fromhex(mac.replace(":", "")) + b"\2\0\0\0\0\xee" + b"\x86\xdd"
dst = ipaddress.IPv6Address(address).packed
for i in range(count):
    src = dst[:8] + struct.pack("!Q", 0x5CA0000000000000 + i)
    echo = struct.pack("!BBHHH", 128, 0, 0, 7, i & 0xffff)
    pseudo = src + dst + struct.pack("!IHBB", len(echo), 0, 0, 58)
    echo = echo[:2] + struct.pack("!H", checksum(pseudo + echo)) + echo[4:]
    wire.send(ethernet + struct.pack("!IHBB", 6 << 28, len(echo), 58, 64) + src + dst + echo)
print("sent", count)
