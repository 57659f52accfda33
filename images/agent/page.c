/* SPDX-License-Identifier: Apache-2.0
 * The content of one page: its index, its lap, a checksum, and a fill that is computed from index and lap.
 *
 * The checksum detects a torn or damaged page. The fill is also compared with the expected one, because an
 * intact page may still be another page, or an old page with a new header. */
#include "agent.h"

WITHOUT_HELD_REGISTERS

#define MAGIC 0x6863746170746f68ull /* "hotpatch" */
#define WORDS (UNIT / sizeof(uint64_t))
#define HEADER 4u
#define MULTIPLIER 6364136223846793005ull
#define INCREMENT 1442695040888963407ull

struct sum {
    uint64_t a, b;
};

/* Two running sums: the second makes the result depend on the order of the words. */
static inline void sum_add(struct sum *s, uint64_t word)
{
    s->a += word;
    s->b += s->a;
}

static uint64_t sum_end(const struct sum *s)
{
    return s->a ^ (s->b << 1 | s->b >> 63);
}

static struct sum sum_header(uint64_t index, uint64_t lap)
{
    struct sum s = {0, 0};

    sum_add(&s, MAGIC);
    sum_add(&s, index);
    sum_add(&s, lap);
    return s;
}

/* One word in `every` is noise; the other words hold the page's index. Such memory can be compressed, and
 * changes little from lap to lap. `every` is a power of two; 1: all words are noise. */
static unsigned noise_mask;

bool page_set_noise(uint64_t every)
{
    if (every < 1 || every > WORDS || (every & (every - 1)))
        return false;
    noise_mask = (unsigned)every - 1;
    return true;
}

static uint64_t seed(uint64_t index, uint64_t lap)
{
    uint64_t x = index * 0x9e3779b97f4a7c15ull ^ (lap + 1) * 0xc2b2ae3d27d4eb4full;

    return x ^ x >> 31;
}

void page_write(void *page, uint64_t index, uint64_t lap)
{
    uint64_t *word = page, x = seed(index, lap);
    struct sum s = sum_header(index, lap);

    word[0] = MAGIC;
    word[1] = index;
    word[2] = lap;
    for (unsigned i = HEADER; i < WORDS; i++) {
        uint64_t fill = index;

        if (!(i & noise_mask))
            fill = x = x * MULTIPLIER + INCREMENT;
        word[i] = fill;
        sum_add(&s, fill);
    }
    word[3] = sum_end(&s);
}

static uint64_t checksum_of(const uint64_t *word)
{
    struct sum s = sum_header(word[1], word[2]);

    for (unsigned i = HEADER; i < WORDS; i++)
        sum_add(&s, word[i]);
    return sum_end(&s);
}

enum page_fault page_check(const void *page, uint64_t index, uint64_t lap)
{
    const uint64_t *word = page;
    uint64_t x = seed(index, lap);

    if (word[0] != MAGIC || word[1] != index)
        return PAGE_INDEX;
    if (word[2] != lap)
        return PAGE_LAP;
    if (word[3] != checksum_of(word))
        return PAGE_CHECKSUM;
    for (unsigned i = HEADER; i < WORDS; i++) {
        uint64_t fill = index;

        if (!(i & noise_mask))
            fill = x = x * MULTIPLIER + INCREMENT;
        if (word[i] != fill)
            return PAGE_CONTENT;
    }
    return PAGE_OK;
}

uint64_t page_lap(const void *page)
{
    return ((const uint64_t *)page)[2];
}

/* One kind of damage for each fault that page_check() must find. */
void page_damage(void *page, enum page_fault how)
{
    uint64_t *word = page;

    if (how == PAGE_INDEX)
        page_write(page, word[1] + 1, word[2]);
    else if (how == PAGE_LAP)
        page_write(page, word[1], word[2] - 1);
    else
        ((unsigned char *)page)[UNIT / 2] ^= 0x10;
    if (how == PAGE_CONTENT)
        word[3] = checksum_of(word);
}

const char *page_fault_name(enum page_fault fault)
{
    static const char *const name[] = {"none", "index", "lap", "checksum", "content"};

    return name[fault];
}
