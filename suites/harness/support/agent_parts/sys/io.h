/* SPDX-License-Identifier: Apache-2.0
 * Ports of a machine that a test makes up, instead of those of this machine. */
#ifndef MADE_UP_IO_H
#define MADE_UP_IO_H

int iopl(int level);
unsigned char inb(unsigned short port);
unsigned short inw(unsigned short port);
unsigned inl(unsigned short port);
void outb(unsigned char value, unsigned short port);

#endif
