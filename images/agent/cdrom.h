/* SPDX-License-Identifier: Apache-2.0
 *
 * The CD-ROM drive of the guest, as whoever has mounted its medium uses it.
 */
#ifndef CDROM_H
#define CDROM_H

#include "agent.h"

/* cdrom.c */
void cdrom_start(void); /* before any command: creates the thread */
void cdrom_read(struct text *out, const char *medium, uint64_t blocks);
void cdrom_requests(struct text *out);
void cdrom_eject(struct text *out);
void cdrom_state(struct text *out);

#endif
