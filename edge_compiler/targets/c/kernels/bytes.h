/* bytes.h - vectors of 16 quantised bytes: loads, widening, and how numbers and sums become bytes.
 *
 * Kernels see all bytes as unsigned: those of int8 with their top bit turned (`flip` is 0x80 instead of 0), their zero point 128
 * higher.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_BYTES_H
#define EDGE_BYTES_H

#include "words.h"

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint16_t words8 __attribute__((vector_size(16)));

INLINE bytes16 bytes_load(const void *p)
{
    bytes16 v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void bytes_store(void *p, bytes16 v) { memcpy(p, &v, sizeof v); }
INLINE bytes16 bytes_splat(int x) { return (bytes16){0} + (uint8_t)x; }
INLINE ivec bytes_splat_all(int x) { return (ivec)((uvec){0} + (uint32_t)(uint8_t)x * 0x01010101u); }

#if defined __AVX512F__
/* Exchange rows and columns of four by four groups of four bytes. */
INLINE ivec bytes_turn(ivec v)
{
    const ivec order = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    __asm__("vpermd %1, %2, %0" : "=v"(v) : "v"(v), "v"(order));
    return v;
}
#elif defined __AVX2__
/* Exchange rows and columns of two by four groups of four bytes. */
INLINE ivec bytes_turn(ivec v)
{
    const ivec order = {0, 4, 1, 5, 2, 6, 3, 7};
    __asm__("vpermd %1, %2, %0" : "=x"(v) : "x"(v), "x"(order));
    return v;
}
#endif

/* Load or store the first `count` bytes; what isn't loaded is zero. */
INLINE bytes16 bytes_load_some(const void *p, int count)
{
    bytes16 v = {0};
    memcpy(&v, p, count < BLOCK ? (size_t)count : BLOCK);
    return v;
}
INLINE void bytes_store_some(void *p, bytes16 v, int count)
{
    if (count > 0)
        memcpy(p, &v, count < BLOCK ? (size_t)count : BLOCK);
}

/* Each byte as a number of 32 bits. */
INLINE void bytes_widen(bytes16 v, ivec *wide)
{
#if defined __AVX512F__
    __asm__("vpmovzxbd %1, %0" : "=v"(wide[0]) : "v"(v));
#elif defined __AVX__
    bytes16 upper;
    __asm__("vpmovzxbd %1, %0" : "=v"(wide[0]) : "v"(v));
    __asm__("vpsrldq $8, %1, %0" : "=x"(upper) : "x"(v));
    __asm__("vpmovzxbd %1, %0" : "=v"(wide[1]) : "v"(upper));
#elif defined __SSE2__
    const __m128i zero = _mm_setzero_si128();
    const __m128i low = _mm_unpacklo_epi8((__m128i)v, zero), high = _mm_unpackhi_epi8((__m128i)v, zero);
    wide[0] = (ivec)_mm_unpacklo_epi16(low, zero), wide[1] = (ivec)_mm_unpackhi_epi16(low, zero);
    wide[2] = (ivec)_mm_unpacklo_epi16(high, zero), wide[3] = (ivec)_mm_unpackhi_epi16(high, zero);
#elif defined __ARM_NEON
    const uint16x8_t low = vmovl_u8(vget_low_u8((uint8x16_t)v)), high = vmovl_u8(vget_high_u8((uint8x16_t)v));
    wide[0] = (ivec)vmovl_u16(vget_low_u16(low)), wide[1] = (ivec)vmovl_u16(vget_high_u16(low));
    wide[2] = (ivec)vmovl_u16(vget_low_u16(high)), wide[3] = (ivec)vmovl_u16(vget_high_u16(high));
#else
    for (int i = 0; i < BLOCK; i++) wide[i / LANES][i % LANES] = v[i];
#endif
}

/* Numbers as bytes; those beyond the ends become the end. */
INLINE bytes16 bytes_narrow(const ivec *wide)
{
    bytes16 v;
#if defined __AVX512F__
    const ivec some = wide[0] & (wide[0] > 0);
    __asm__("vpmovusdb %1, %0" : "=v"(v) : "v"(some));
#elif defined __AVX__
    ivec both;
    bytes16 upper;
    __asm__("vpackssdw %2, %1, %0" : "=x"(both) : "x"(wide[0]), "x"(wide[1]));
    __asm__("vpackuswb %1, %1, %0" : "=x"(both) : "x"(both));
    __asm__("vextracti128 $1, %1, %0" : "=x"(upper) : "x"(both));
    __asm__("vpunpckldq %2, %x1, %0" : "=x"(v) : "x"(both), "x"(upper));
#elif defined __SSE2__
    v = (bytes16)_mm_packus_epi16(_mm_packs_epi32((__m128i)wide[0], (__m128i)wide[1]),
                                  _mm_packs_epi32((__m128i)wide[2], (__m128i)wide[3]));
#elif defined __ARM_NEON
    const int16x8_t low = vcombine_s16(vqmovn_s32((int32x4_t)wide[0]), vqmovn_s32((int32x4_t)wide[1]));
    const int16x8_t high = vcombine_s16(vqmovn_s32((int32x4_t)wide[2]), vqmovn_s32((int32x4_t)wide[3]));
    v = (bytes16)vcombine_u8(vqmovun_s16(low), vqmovun_s16(high));
#else
    for (int i = 0; i < BLOCK; i++)
        v[i] = (uint8_t)(wide[i / LANES][i % LANES] < 0     ? 0
                         : wide[i / LANES][i % LANES] > 255 ? 255
                                                            : wide[i / LANES][i % LANES]);
#endif
    return v;
}

/* Does vec_round() round all that 32 bits hold? */
#if defined __SSE2__ || defined __aarch64__
#define ROUNDS_ALL 1
#else
#define ROUNDS_ALL 0
#endif

/* How numbers become bytes: rounded to the nearest integer, of two the even one, limited, and moved by the zero point. */
typedef struct {
    int low, high; /* limits, less the zero point */
    int zero, flip;
    int free; /* bytes have no other limits than their own, and numbers are below 2^30 */
} rounding;

INLINE bytes16 bytes_round(const vec *x, const rounding c)
{
    ivec wide[VECTORS];
    if (c.free && ROUNDS_ALL)
        UNROLLED_FOR (int v = 0; v < VECTORS; v++) wide[v] = vec_round(x[v]) + c.zero;
    else
        UNROLLED_FOR (int v = 0; v < VECTORS; v++) /* limited first: huge numbers have no integers */
            wide[v] = vec_round(vec_min(vec_splat((float)c.high), vec_max(vec_splat((float)c.low), x[v]))) + c.zero;
    return bytes_narrow(wide) ^ bytes_splat(c.flip);
}

/* Have the compiler round a product before it is added: fused, it would give other bytes. */
INLINE vec bytes_rounded(vec x)
{
#if defined __AVX512F__
    __asm__("" : "+v"(x));
#elif defined __SSE2__
    __asm__("" : "+x"(x));
#elif defined __ARM_NEON
    __asm__("" : "+w"(x));
#else
    __asm__("" : "+m"(x));
#endif
    return x;
}

/* The bytes of a block's sums, each channel times its number of m. */
INLINE bytes16 bytes_of_sums(const ivec *sum, const float *m, const rounding c)
{
    vec scaled[VECTORS];
    UNROLLED_FOR (int v = 0; v < VECTORS; v++) scaled[v] = vec_float(sum[v]) * vec_load(m + v * LANES);
    return bytes_round(scaled, c);
}

#endif
