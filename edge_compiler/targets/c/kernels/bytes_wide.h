/* bytes_wide.h - as many quantised bytes as a vector holds: as four vectors of numbers, and back.
 *
 * That takes half of the instructions of widening 16 bytes at a time. Which four bytes of 16 are in which vector makes no
 * difference to arithmetic: both directions agree on it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_BYTES_WIDE_H
#define EDGE_BYTES_WIDE_H

#include "bytes.h"

#if defined __AVX2__
enum { BYTES_WIDE = 4 * LANES, BYTES_VECTORS = 4 };

#define BYTES_BOTH(instruction, to, a, b) __asm__(instruction " %2, %1, %0" : "=v"(to) : "v"(a), "v"(b))

/* Bytes as floats, less `zero`. With 0x4b00 above it, a byte is the float of it and 2^23. */
INLINE void bytes_wide_load(const uint8_t *p, const int flip, const int zero, vec *numbers)
{
    const ivec none = {0}, exponent = none + 0x4b004b00;
    ivec bytes, low, high, wide[BYTES_VECTORS];
    memcpy(&bytes, p, sizeof bytes);
    bytes ^= bytes_splat_all(flip);
    BYTES_BOTH("vpunpcklbw", low, bytes, none);
    BYTES_BOTH("vpunpckhbw", high, bytes, none);
    BYTES_BOTH("vpunpcklwd", wide[0], low, exponent);
    BYTES_BOTH("vpunpckhwd", wide[1], low, exponent);
    BYTES_BOTH("vpunpcklwd", wide[2], high, exponent);
    BYTES_BOTH("vpunpckhwd", wide[3], high, exponent);
    UNROLLED_FOR (int v = 0; v < BYTES_VECTORS; v++) numbers[v] = (vec)wide[v] - (0x1p23f + (float)zero);
}

/* Round numbers to bytes. The zero point is added in 16 bits, which are cut off where they end: that changes no byte. */
INLINE ivec bytes_wide_round(const vec *x, const rounding c)
{
    const words zero = (words){0} + (int16_t)c.zero;
    ivec wide[BYTES_VECTORS], low, high;
    UNROLLED_FOR (int v = 0; v < BYTES_VECTORS; v++)
        wide[v] = vec_round(c.free ? x[v] : vec_min(vec_splat((float)c.high), vec_max(vec_splat((float)c.low), x[v])));
    BYTES_BOTH("vpackssdw", low, wide[0], wide[1]);
    BYTES_BOTH("vpackssdw", high, wide[2], wide[3]);
    BYTES_BOTH("vpaddsw", low, low, zero);
    BYTES_BOTH("vpaddsw", high, high, zero);
    BYTES_BOTH("vpackuswb", low, low, high);
    return low ^ bytes_splat_all(c.flip);
}
#undef BYTES_BOTH
#endif

#endif
