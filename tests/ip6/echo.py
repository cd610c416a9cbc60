#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""An echo on port 7, TCP and UDP, of both families. Says "ready", and ends when killed."""
import socket
import threading


def tcp(listener):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=echo, args=(conn,), daemon=True).start()


def echo(conn):
    with conn:
        while data := conn.recv(65536):
            conn.sendall(data)


def udp(sock):
    while True:
        data, peer = sock.recvfrom(65536)
        sock.sendto(data, peer)


listening = socket.create_server(("::", 7), family=socket.AF_INET6, dualstack_ipv6=True)
datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
datagrams.bind(("::", 7))
threading.Thread(target=tcp, args=(listening,), daemon=True).start()
print("ready", flush=True)
udp(datagrams)
