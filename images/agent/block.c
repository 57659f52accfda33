/* SPDX-License-Identifier: Apache-2.0
 * A block of a disk that says where it belongs: the disk's name, its own number, the lap in which it was
 * written, and a checksum. Number and lap fill the rest of it too, so that each sector differs from what any
 * other block or lap has there. */
#include "blocks.h"

#include <string.h>

#define MAGIC "hotpatch"
#define AT_DISK 8
#define AT_NUMBER 24
#define AT_LAP 32
#define AT_CHECKSUM 40
#define AT_REST 48

static uint32_t crc32_of(const unsigned char *data, size_t len)
{
    static uint32_t table[256];
    uint32_t crc = ~0u;

    if (!table[1])
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;

            for (int bit = 0; bit < 8; bit++)
                c = c & 1 ? (c >> 1) ^ 0xedb88320u : c >> 1;
            table[i] = c;
        }
    while (len--)
        crc = table[(crc ^ *data++) & 0xff] ^ (crc >> 8);
    return ~crc;
}

/* Of the whole block, its own place counted as zeros. */
static uint64_t checksum(const unsigned char *block)
{
    unsigned char copy[BLOCK];

    memcpy(copy, block, BLOCK);
    memset(copy + AT_CHECKSUM, 0, sizeof(uint64_t));
    return crc32_of(copy, BLOCK);
}

static uint64_t word_at(const unsigned char *block, unsigned at)
{
    uint64_t word;

    memcpy(&word, block + at, sizeof word);
    return word;
}

void block_fill(unsigned char *block, const char *disk, uint64_t number, uint64_t lap)
{
    uint64_t word = number << 32 | lap;

    memset(block, 0, AT_REST);
    memcpy(block, MAGIC, sizeof MAGIC - 1);
    memcpy(block + AT_DISK, disk, strnlen(disk, DISK_NAME_SIZE));
    memcpy(block + AT_NUMBER, &number, sizeof number);
    memcpy(block + AT_LAP, &lap, sizeof lap);
    for (unsigned at = AT_REST; at < BLOCK; at += sizeof word)
        memcpy(block + at, &word, sizeof word);
    word = checksum(block);
    memcpy(block + AT_CHECKSUM, &word, sizeof word);
}

const char *block_fault(const unsigned char *block, const char *disk, uint64_t number, uint64_t least,
                        uint64_t most, uint64_t *lap)
{
    char name[DISK_NAME_SIZE] = "";

    *lap = word_at(block, AT_LAP);
    memcpy(name, disk, strnlen(disk, sizeof name));
    if (memcmp(block, MAGIC, sizeof MAGIC - 1))
        return "foreign";
    if (word_at(block, AT_CHECKSUM) != checksum(block))
        return "torn";
    if (memcmp(block + AT_DISK, name, sizeof name))
        return "foreign";
    if (word_at(block, AT_NUMBER) != number)
        return "misplaced";
    if (*lap < least)
        return "lost";
    return *lap > most ? "unwritten" : NULL;
}
