/* bytes_cell.h - what the 16 channels of a pixel are packed to, so that products can take them: a cell.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_BYTES_CELL_H
#define EDGE_BYTES_CELL_H

#include "bytes.h"

/* How bytes are multiplied.
 *
 * DOT_BYTES: one instruction multiplies and adds four bytes; NEON's takes signed ones, from one lane.
 * DOT_HALVES: NEON without it adds two products of bytes in 16 bits, then pairs of these sums in 32 bits; four products, if
 * weights are small, and each by itself, if weights of -128 lie side by side: 2 * 128 * 128 has no room.
 * DOT_WORDS: SSE2 and AVX add two products of 16 bits: a cell has its even channels first, then its odd ones.
 * DOT_PAIRS: AVX2 adds two products of bytes in 16 bits, too, but of unsigned and signed ones: only of small weights.
 * `per_word`: so many products 16 bits hold together, whatever the bytes are: 1, 2 or 4 with signed bytes, else 1 or 2. */
#if defined __AVX512VNNI__ || defined __AVXVNNI__ || defined __ARM_FEATURE_DOTPROD
#define DOT_BYTES 1
#elif defined __ARM_NEON
#define DOT_HALVES 1
#elif defined __SSE2__
#define DOT_WORDS 1
#if defined __AVX2__
#define DOT_PAIRS 1
#endif
#endif

#if defined DOT_WORDS
enum { CELL = 2 * BLOCK };
#else
enum { CELL = BLOCK };
#endif
#if defined __ARM_NEON
#define CELL_FLIP 0x80 /* products take signed bytes */
#else
#define CELL_FLIP 0
#endif
#if defined DOT_PAIRS
enum { SMALL_CELL = BLOCK };
#else
enum { SMALL_CELL = CELL };
#endif
INLINE int bytes_cell_size(const int per_word) { return per_word > 1 ? SMALL_CELL : CELL; }

/* Are cells the bytes of a pixel, as they are, however many? */
#if defined DOT_BYTES && defined __SSE2__
#define CELLS_ARE_BYTES 1
#else
#define CELLS_ARE_BYTES 0
#endif

/* Pack unsigned bytes. */
INLINE void bytes_cell(unsigned char *cell, bytes16 v, const int per_word)
{
    if (bytes_cell_size(per_word) == BLOCK) {
        bytes_store(cell, v ^ bytes_splat(CELL_FLIP));
        return;
    }
    const words8 both = (words8)v;
    bytes_store(cell, (bytes16)(both & 0x00ff));
    bytes_store(cell + BLOCK, (bytes16)(both >> 8));
}

#endif
