/* SPDX-License-Identifier: ISC */
/*
 * The serial port of a PC: a 16550 UART at 0x3f8 (PC16550D data sheet, section
 * 8). The transmitter is polled: its FIFO takes 16 octets whenever the line
 * status says that it is empty.
 */
#include "backends/pvh/cpu.h"
#include "backends/pvh/pvh_internal.h"

enum { COM1 = 0x3f8 };
enum { UART_DATA = 0, UART_IER = 1, UART_FCR = 2, UART_LCR = 3, UART_MCR = 4, UART_LSR = 5,
       UART_SCRATCH = 7 };
enum { LSR_THR_EMPTY = 0x20, FIFO_LEN = 16 };

PVH_BOOT bool pvh_uart_open(void)
{
    /* Where no UART is, the scratch register does not remember. */
    cpu_out8(COM1 + UART_SCRATCH, 0x5a);
    if (cpu_in8(COM1 + UART_SCRATCH) != 0x5a)
        return false;
    cpu_out8(COM1 + UART_IER, 0);
    cpu_out8(COM1 + UART_LCR, 0x80);     /* divisor: 115,200 baud */
    cpu_out8(COM1 + UART_DATA, 1);
    cpu_out8(COM1 + UART_IER, 0);
    cpu_out8(COM1 + UART_LCR, 0x03);     /* 8 bits, no parity, 1 stop bit */
    cpu_out8(COM1 + UART_FCR, 0x07);     /* FIFOs on and empty */
    cpu_out8(COM1 + UART_MCR, 0x03);     /* DTR, RTS */
    return true;
}

size_t pvh_uart_put(const char *text, size_t len)
{
    if ((cpu_in8(COM1 + UART_LSR) & LSR_THR_EMPTY) == 0)
        return 0;
    size_t n = len < FIFO_LEN ? len : FIFO_LEN;
    for (size_t i = 0; i < n; i++)
        cpu_out8(COM1 + UART_DATA, (uint8_t)text[i]);
    return n;
}
