/* SPDX-License-Identifier: Apache-2.0
 *
 * The protocol between the suite and the init of an emulated host, over one virtio-serial port.
 * fixtures/hosts/emulated/protocol.py has the same numbers; a test compares the two.
 *
 * Everything is little-endian. A frame is a header and a payload:
 *
 *     u32 length of the payload, at most MAX_PAYLOAD
 *     u16 type
 *     u16 zero
 *     u32 id: of a request, a channel or a process, according to the type
 *
 * A payload is a sequence of fields: u32, u64, and bytes (a u32 length, then the bytes). A list is a u32 count
 * and its entries. A frame that breaks these rules ends the connection: the init powers the host off.
 *
 * Ids are chosen by the suite and never used twice. The id of a process is that of the request that started it.
 *
 * Channels carry streams of bytes in both directions. Of each, a side has at most WINDOW bytes sent that the
 * other one has not yet passed on, and the other one says by CREDIT how many it has passed on. So a channel
 * whose program does not read holds up its own writer, as a socket does, and no other channel.
 * DATA and CLOSE for a channel that is over are ignored: the two sides may close it at the same time.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#define PROTOCOL_VERSION 2
#define MAX_PAYLOAD 65536u
#define WINDOW 262144u
#define PORT_NAME "hotpatch.host"

enum frame_type {
    /* from the init */
    HELLO = 1,    /* u32 version, bytes architecture, bytes kernel release, u64 KiB of memory,
                     u32 version of KVM's interface or 0, bytes problems (one a line) */
    ANSWER = 2,   /* id of the request: u32 errno or 0; then bytes message, or the fields of the answer */
    ENDED = 3,    /* id of a process: u32 status as a shell reports it; everything that it started is gone */
    ACCEPTED = 4, /* id of a channel: a program has connected to its socket */

    /* in both directions; id of a channel */
    DATA = 16,   /* the bytes, without a length of their own */
    CREDIT = 17, /* u32 bytes passed on */
    CLOSE = 18,  /* u32 how: 0 = no more data from this side, 1 = over in both directions; bytes reason */

    /* requests; each gets one ANSWER */
    PING = 32,           /* -> u64 nanoseconds of the monotonic clock, u64 of the wall clock */
    WORK = 33,           /* u32 rounds of a fixed piece of work -> u64 nanoseconds that it took */
    MOUNT = 34,          /* bytes 9p tag, bytes directory: mounted read-only */
    OPEN = 35,           /* u32 channel: a socket pair whose other end a program may inherit */
    MEMORY = 36,         /* u32 handle, u64 KiB: memory without a name, which programs may inherit */
    RELEASE = 37,        /* u32 channel or handle of memory: no further program inherits it */
    START = 38,          /* see programs.c -> u32 PID of the process's reaper */
    KILL = 39,           /* u32 process; ENDED follows, unless it has ended before */
    MAKE_FILE = 40,      /* bytes path, u64 size: sparse; does nothing if it exists */
    WRITE_FILE = 41,     /* bytes path, u64 offset, bytes content; offset 0 empties it first */
    READ_FILE = 42,      /* bytes path, u64 offset, u32 most -> bytes content */
    REMOVE = 43,         /* bytes path: a file or socket; does nothing if there is none */
    REMOVE_TREE = 44,    /* bytes path: a directory and all below it */
    MAKE_DIRECTORY = 45, /* bytes path: mode 0700; does nothing if it exists */
    READ_LINK = 46,      /* bytes path -> bytes target */
    STATUS = 47,         /* bytes path -> u64 device, u64 inode, u32 mode, u64 size */
    COUNT = 48,          /* bytes path -> u32 entries of a directory */
    LISTEN = 49,         /* u32 channel, bytes path, u32 datagrams: the first connection becomes the channel,
                            or the socket itself once a datagram has come, as of sd_notify(3) */
    CONNECT = 50,        /* u32 channel, bytes path of a unix socket */
    MAKE_LINK = 51,      /* bytes path, bytes target: a symbolic link */
    CUT_OUT = 52,        /* bytes path of a directory, u64 most: of each file below it that is longer than
                            twice `most` bytes, gives back the space of all but the first and last `most` */
};

enum close_how { CLOSE_END = 0, CLOSE_OVER = 1 };

#endif
