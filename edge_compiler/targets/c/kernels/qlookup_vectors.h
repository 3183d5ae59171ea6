/* qlookup_vectors.h - the lookups of qlookup.h, many bytes at once.
 *
 * AVX-512 looks words up in 64 of them: a table is twice as many, each of two bytes, and the lowest bit of what is looked up says
 * which of both it means. AVX2 looks bytes up in 16: it looks each up in all parts of a table, and its upper bits choose.
 * NEON looks 16 bytes up in 64 of a table, and leaves those that lie beyond.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_QLOOKUP_VECTORS_H
#define EDGE_QLOOKUP_VECTORS_H

#include "bytes.h"

#if defined __AVX512BW__
typedef uint16_t uwords __attribute__((vector_size(4 * LANES)));

/* Look up words whose lowest six bits are bits 1 to 6 of a byte; its bit 7 is the top one of `upper`. */
INLINE uwords qlookup_vectors_words(const uwords place, const uwords upper, const uwords *table)
{
    uwords found = place, beyond = place;
    __asm__("vpermi2w %2, %1, %0" : "+v"(found) : "v"(table[0]), "v"(table[1]));
    __asm__("vpermi2w %2, %1, %0" : "+v"(beyond) : "v"(table[2]), "v"(table[3]));
    __asm__("vpmovw2m %2, %%k1\n\tvmovdqu16 %1, %0%{%%k1%}" : "+v"(found) : "v"(beyond), "v"(upper) : "k1");
    return found;
}

/* out[i] = table[x[i]] for as many as vectors hold. Returns how many. */
INLINE int qlookup_vectors(const uint8_t *x, const uint8_t *table, uint8_t *out, const int count)
{
    uwords words_of[4], two;
    int i = 0;
    memcpy(words_of, table, sizeof words_of);
    for (; i + (int)sizeof two <= count; i += (int)sizeof two) {
        memcpy(&two, x + i, sizeof two);
        const uwords even = qlookup_vectors_words(two >> 1, two << 8, words_of) >> (two << 3 & 8);
        const uwords odd = qlookup_vectors_words(two >> 9, two, words_of) << (~two >> 5 & 8);
        two = (even & 0xff) | (odd & 0xff00);
        memcpy(out + i, &two, sizeof two);
    }
    return i;
}
#elif defined __AVX2__
enum { QLOOKUP_PARTS = 16 };
typedef uint8_t bytes32 __attribute__((vector_size(32)));

/* out[i] = table[x[i]] for as many as vectors hold. Returns how many. */
INLINE int qlookup_vectors(const uint8_t *x, const uint8_t *table, uint8_t *out, const int count)
{
    bytes32 place, chosen[4];
    int i = 0;
    for (; i + (int)sizeof place <= count; i += (int)sizeof place) {
        memcpy(&place, x + i, sizeof place);
        const bytes32 within = place & 0x0f;
        UNROLLED_FOR (int part = 0; part < QLOOKUP_PARTS; part++) {
            bytes32 found;
            __asm__("vbroadcasti128 %1, %0\n\tvpshufb %2, %0, %0"
                    : "=&x"(found)
                    : "m"(*(const bytes16 *)(table + part * QLOOKUP_PARTS)), "x"(within));
            int bit = 0;
            for (; part >> bit & 1; bit++) { /* both halves of so many parts are there: bit 4 + `bit` chooses */
                const words choice = (words)place << (3 - bit);
                __asm__("vpblendvb %2, %0, %1, %0" : "+x"(found) : "x"(chosen[bit]), "x"(choice));
            }
            if (bit < 4)
                chosen[bit] = found;
            else
                memcpy(out + i, &found, sizeof found);
        }
    }
    return i;
}
#elif defined __aarch64__
enum { QLOOKUP_QUARTER = 64 };

/* out[i] = table[x[i]] for as many as vectors hold. Returns how many. */
INLINE int qlookup_vectors(const uint8_t *x, const uint8_t *table, uint8_t *out, const int count)
{
    uint8x16x4_t quarter[4];
    int i = 0;
    UNROLLED_FOR (int q = 0; q < 4; q++) quarter[q] = vld1q_u8_x4(table + q * QLOOKUP_QUARTER);
    for (; i + BLOCK <= count; i += BLOCK) {
        uint8x16_t place = (uint8x16_t)bytes_load(x + i), found = vqtbl4q_u8(quarter[0], place);
        UNROLLED_FOR (int q = 1; q < 4; q++) {
            place -= QLOOKUP_QUARTER;
            found = vqtbx4q_u8(found, quarter[q], place);
        }
        bytes_store(out + i, (bytes16)found);
    }
    return i;
}
#else
INLINE int qlookup_vectors(const uint8_t *x, const uint8_t *table, uint8_t *out, const int count)
{
    (void)x, (void)table, (void)out, (void)count;
    return 0;
}
#endif

#endif
