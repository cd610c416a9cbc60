# SPDX-License-Identifier: ISC
#
# TCP's part of libtern-net, in reading order.

TERN_TCP_SOURCES = \
    libnet/tcp_internal.h \
    libnet/tcp_seq.h \
    libnet/tcp_wire.h \
    libnet/tcp_wire.c \
    libnet/tcp.c \
    libnet/tcp_lookup.c \
    libnet/tcp_isn.c \
    libnet/tcp_conn.c \
    libnet/tcp_input.c \
    libnet/tcp_listen.c \
    libnet/tcp_half.c \
    libnet/tcp_input_synsent.c \
    libnet/tcp_ack.c \
    libnet/tcp_queue_recv.c \
    libnet/tcp_reass.c \
    libnet/tcp_close.c \
    libnet/tcp_timewait.c \
    libnet/tcp_output.c \
    libnet/tcp_window.c \
    libnet/tcp_queue_send.c \
    libnet/tcp_reply.c \
    libnet/tcp_work.c \
    libnet/tcp_flight.c \
    libnet/tcp_cc_newreno.c \
    libnet/tcp_timer.c \
    libnet/tcp_rto.c \
    libnet/tcp_persist.c \
    libnet/tcp_keepalive.c \
    libnet/tcp_challenge.c \
    libnet/tcp_pmtu.c \
    libnet/tcp_stream.c \
    libnet/tcp_sane.c

tern_HEADERS += include/tern/tcp.h
