/* SPDX-License-Identifier: Apache-2.0
 * Do the registers of devices still have the values that they had before the move? */
#include "readback.h"

#define LOOKS 5u
#define LOOK_AGAIN_US 20000u
#define MOST_NAMED 6u

/* Reading does not stop drivers: a register may have another value for an instant. */
static void read_all(struct text *out)
{
    readings_begin();
    readback_platform(out);
    readback_pci();
}

/* Reads twice: a register that has another value the second time does not keep still. */
void readback_keep(struct text *out)
{
    unsigned all, still;

    read_all(out);
    readings_keep();
    sleep_until_us(now_us() + LOOK_AGAIN_US);
    read_all(out);
    readings_drop_changed();
    readings_count(&all, &still);
    if (!out->failed)
        text_add(out, " registers=%u still=%u", all, still);
}

void readback_compare(struct text *out)
{
    unsigned all, still, differ = 0;

    readings_count(&all, &still);
    for (unsigned look = 0; look < LOOKS; look++) {
        if (look)
            sleep_until_us(now_us() + LOOK_AGAIN_US);
        read_all(out);
        differ = readings_differ(NULL, 0);
        if (!differ || out->failed)
            break;
    }
    if (out->failed)
        return;
    text_add(out, " registers=%u still=%u differ=%u first=", all, still, differ);
    if (!readings_differ(out, MOST_NAMED))
        text_add(out, "none");
}
