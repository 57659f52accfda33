/* SPDX-License-Identifier: Apache-2.0
 * Do the registers of devices still have the values that they had before the move? */
#include "readback.h"

#define LOOKS 5u
#define LOOK_AGAIN_US 20000u
#define PATIENCE_US 500000u /* of one command: on a busy host QEMU sends a byte only when the suite reads */
#define MOST_NAMED 6u

/* Reading does not stop drivers: a register may have another value for an instant. */
static bool read_all(struct text *out, uint64_t patient_until_us)
{
    readings_begin();
    readback_platform(out, patient_until_us);
    if (!out->failed) {
        readback_pci();
        readback_nics();
    }
    return !out->failed;
}

/* Reads twice: a register that has another value the second time does not keep still. */
void readback_keep(struct text *out)
{
    uint64_t patient_until_us;
    unsigned all, still;

    readback_wait_for_timers(out);
    if (out->failed)
        return;
    patient_until_us = now_us() + stretched_us(PATIENCE_US);
    if (!read_all(out, patient_until_us))
        return;
    readings_keep();
    sleep_until_us(now_us() + LOOK_AGAIN_US);
    if (!read_all(out, patient_until_us))
        return;
    readings_drop_changed();
    readings_count(&all, &still);
    text_add(out, " registers=%u still=%u", all, still);
}

void readback_compare(struct text *out)
{
    uint64_t patient_until_us = now_us() + stretched_us(PATIENCE_US);
    unsigned all, still, differ = 1;

    readings_count(&all, &still);
    readings_compare_anew();
    for (unsigned look = 0; look < LOOKS && differ; look++) {
        if (look)
            sleep_until_us(now_us() + LOOK_AGAIN_US);
        if (!read_all(out, patient_until_us))
            return;
        differ = readings_differ();
    }
    text_add(out, " registers=%u still=%u differ=%u first=", all, still, differ);
    if (!readings_name(out, MOST_NAMED))
        text_add(out, "none");
}
