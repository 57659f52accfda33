/* SPDX-License-Identifier: Apache-2.0
 * The content of one page: its index, its lap, a checksum, and a fill that is computed from index and lap.
 *
 * The checksum detects a torn or damaged page. The fill is also compared with the expected one, because an
 * intact page may still be another page, or an old page with a new header. */
#include "agent_memory.h"

WITHOUT_HELD_REGISTERS

#define MAGIC PAGE_MAGIC
#define WORDS (UNIT / sizeof(uint64_t))
#define HEADER 4u
#define GLANCED 8u
#define STRIDE ((unsigned)(WORDS - HEADER) / GLANCED)
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
/* The noise of word i is jump[i].multiplier * seed + jump[i].increment, so that page_glance() need not compute
 * the words before it. */
static struct {
    uint64_t multiplier, increment;
} jump[WORDS];

bool page_set_noise(uint64_t every)
{
    uint64_t multiplier = 1, increment = 0;

    if (every < 1 || every > WORDS || (every & (every - 1)))
        return false;
    noise_mask = (unsigned)every - 1;
    for (unsigned i = HEADER; i < WORDS; i++) {
        if (i & noise_mask)
            continue;
        multiplier *= MULTIPLIER;
        increment = increment * MULTIPLIER + INCREMENT;
        jump[i].multiplier = multiplier;
        jump[i].increment = increment;
    }
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

static uint64_t fill_of(unsigned i, uint64_t index, uint64_t seed_of_page)
{
    return i & noise_mask ? index : jump[i].multiplier * seed_of_page + jump[i].increment;
}

/* Checks the header and GLANCED words that are spread over the page, different ones in each lap. */
enum page_fault page_glance(const void *page, uint64_t index, uint64_t lap)
{
    const uint64_t *word = page;
    uint64_t x = seed(index, lap);
    unsigned i = HEADER + (unsigned)((lap * 5 + index) % STRIDE);

    if (word[0] != MAGIC || word[1] != index)
        return PAGE_INDEX;
    if (word[2] != lap)
        return PAGE_LAP;
    for (unsigned n = 0; n < GLANCED; n++, i += STRIDE)
        if (word[i] != fill_of(i, index, x))
            return PAGE_CONTENT;
    return PAGE_OK;
}

struct page_values page_values(const void *page, uint64_t index, uint64_t lap, enum page_fault fault)
{
    const uint64_t *word = page;
    uint64_t x = seed(index, lap);

    if (fault == PAGE_INDEX && word[0] != MAGIC)
        return (struct page_values){MAGIC, word[0]};
    if (fault == PAGE_LAP)
        return (struct page_values){lap, word[2]};
    if (fault == PAGE_CHECKSUM)
        return (struct page_values){word[3], checksum_of(word)};
    for (unsigned i = HEADER; fault == PAGE_CONTENT && i < WORDS; i++)
        if (word[i] != fill_of(i, index, x))
            return (struct page_values){fill_of(i, index, x), word[i]};
    return (struct page_values){index, word[1]};
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
