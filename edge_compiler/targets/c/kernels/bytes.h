/* bytes.h - vectors of 16 quantised bytes: loads, products that are summed up in 32 bits, and how sums become bytes again.
 *
 * Kernels see all bytes as unsigned: those of int8 with their top bit turned (`flip` is 0x80 instead of 0), their zero point 128
 * higher. A cell is what the 16 channels of a pixel are packed to, so that products can take them; weights are packed for all
 * instruction sets alike, in groups of four input channels: [group][16 output channels][4].
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

/* Load or store the first `count` bytes; what isn't loaded is zero. */
INLINE bytes16 bytes_load_some(const void *p, int count)
{
    bytes16 v = {0};
    memcpy(&v, p, count < BLOCK ? (size_t)count : BLOCK);
    return v;
}
INLINE void bytes_store_some(void *p, bytes16 v, int count) { memcpy(p, &v, count < BLOCK ? (size_t)count : BLOCK); }

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

/* Sums of products: SUMS vectors a block of output channels, which bytes_sums() makes the VECTORS that they are.
 *
 * DOT_BYTES: one instruction multiplies and adds four bytes; NEON's takes signed ones, from one lane.
 * DOT_HALVES: NEON without it adds two products of bytes in 16 bits, which holds 2 * 128 * 127.
 * DOT_WORDS: SSE2 and AVX add two products of 16 bits: a cell has its even channels first, then its odd ones.
 * DOT_PAIRS: AVX2 adds two products of bytes in 16 bits, too, but of unsigned and signed ones: only where weights are so small
 * that the sum has room (`small`). */
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
enum { CELL = 2 * BLOCK, SUMS = VECTORS };
#elif defined DOT_HALVES
enum { CELL = BLOCK, SUMS = 2 * VECTORS };
#else
enum { CELL = BLOCK, SUMS = VECTORS };
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
INLINE int bytes_cell_size(const int small) { return small ? SMALL_CELL : CELL; }

/* Pack unsigned bytes. */
INLINE void bytes_cell(unsigned char *cell, bytes16 v, const int small)
{
    if (bytes_cell_size(small) == BLOCK) {
        bytes_store(cell, v ^ bytes_splat(CELL_FLIP));
        return;
    }
    const words8 both = (words8)v;
    bytes_store(cell, (bytes16)(both & 0x00ff));
    bytes_store(cell + BLOCK, (bytes16)(both >> 8));
}

INLINE ivec bytes_four(const unsigned char *four)
{
    int32_t x;
    memcpy(&x, four, sizeof x);
    return (ivec){0} + x;
}

#if defined DOT_BYTES && defined __SSE2__
INLINE ivec bytes_dot_four(ivec sum, ivec x, ivec w)
{
#if defined __AVX512VNNI__
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "vm"(w));
#else
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(x), "xm"(w));
#endif
    return sum;
}
#endif

#if defined DOT_PAIRS
/* Add products with four bytes to two vectors of sums. The second weights stay in memory: registers are full of sums. */
INLINE void bytes_dot_pairs(ivec *a, ivec *b, const ivec w, const ivec *other, const ivec ones,
                            const unsigned char *four)
{
    const unsigned char (*from)[4] = (const unsigned char (*)[4])four;
    ivec x, product;
    __asm__("vpbroadcastd %7, %2\n\tvpmaddubsw %4, %2, %3\n\tvpmaddwd %6, %3, %3\n\tvpaddd %3, %0, %0\n\t"
            "vpmaddubsw %5, %2, %2\n\tvpmaddwd %6, %2, %2\n\tvpaddd %2, %1, %1"
            : "+v"(*a), "+v"(*b), "=&v"(x), "=&v"(product)
            : "v"(w), "m"(*other), "v"(ones), "m"(*from));
}

/* bytes_dot() of small weights. */
INLINE void bytes_dot_small(const int pixels, const int blocks, const int groups, const unsigned char *cells,
                            const int step, const int8_t *w, const size_t block_weights, ivec *sum)
{
    const int vectors = blocks * VECTORS;
    const ivec ones = (ivec)((words){0} + 1);
    ivec none = {0};
    ROLLED_FOR (int g = 0; g < groups; g++, w += 4 * BLOCK, cells += 4)
        UNROLLED_FOR (int v = 0; v < vectors; v += 2) {
            const int at = v + 1 < vectors ? v + 1 : v;
            const ivec first = *(const ivec *)(w + v / VECTORS * block_weights + v % VECTORS * 4 * LANES);
            const ivec *second = (const ivec *)(w + at / VECTORS * block_weights + at % VECTORS * 4 * LANES);
            UNROLLED_FOR (int p = 0; p < pixels; p++) {
                ivec *s = sum + p * vectors + v;
                bytes_dot_pairs(s, v + 1 < vectors ? s + 1 : &none, first, second, ones, cells + p * step);
            }
        }
}
#endif

#if defined __aarch64__
#define bytes_high_products vmull_high_s8
#define bytes_add_high_products vmlal_high_s8
#elif defined __ARM_NEON
#define bytes_high_products(a, b) vmull_s8(vget_high_s8(a), vget_high_s8(b))
#define bytes_add_high_products(sum, a, b) vmlal_s8(sum, vget_high_s8(a), vget_high_s8(b))
#endif

/* Add the products of `groups` x 4 channels of cells, `step` bytes apart for each pixel, and weights of `blocks` blocks that are
 * `block_weights` bytes apart. sum: [pixel][block][SUMS]. */
INLINE void bytes_dot(const int pixels, const int blocks, const int groups, const int small, const unsigned char *cells,
                      const int step, const int8_t *w, const size_t block_weights, ivec *sum)
{
#if defined DOT_PAIRS
    if (small) {
        bytes_dot_small(pixels, blocks, groups, cells, step, w, block_weights, sum);
        return;
    }
#else
    (void)small;
#endif
#if defined DOT_WORDS
    const int vectors = blocks * VECTORS;
    ivec none = {0};
    ROLLED_FOR (int g = 0; g < groups; g++, w += 4 * BLOCK, cells += 4)
        UNROLLED_FOR (int v = 0; v < vectors; v += 2)
            UNROLLED_FOR (int odd = 0; odd < 2; odd++) {
                words two[2];
                UNROLLED_FOR (int i = 0; i < 2; i++) {
                    const int at = v + i < vectors ? v + i : v;
                    const int8_t *from = w + at / VECTORS * block_weights + at % VECTORS * 4 * LANES;
                    const words four = *(const words *)from;
                    two[i] = odd ? four >> 8 : (words)(four << 8) >> 8;
                }
                UNROLLED_FOR (int p = 0; p < pixels; p++) {
                    ivec *s = sum + p * vectors + v;
                    words_dot_two(s, v + 1 < vectors ? s + 1 : &none, two, cells + p * step + odd * BLOCK);
                }
            }
#elif defined DOT_BYTES && defined __SSE2__
    ROLLED_FOR (int g = 0; g < groups; g++, w += 4 * BLOCK, cells += 4) {
        ivec weights[8];
        UNROLLED_FOR (int v = 0; v < blocks * VECTORS; v++)
            weights[v] = *(const ivec *)(w + v / VECTORS * block_weights + v % VECTORS * 4 * LANES);
        UNROLLED_FOR (int p = 0; p < pixels; p++) {
            const ivec x = bytes_four(cells + p * step);
            UNROLLED_FOR (int v = 0; v < blocks * VECTORS; v++)
                sum[p * blocks * VECTORS + v] = bytes_dot_four(sum[p * blocks * VECTORS + v], x, weights[v]);
        }
    }
#elif defined DOT_BYTES
    int8x16_t x[8];
    UNROLLED_FOR (int p = 0; p < pixels; p++) x[p] = vld1q_s8((const int8_t *)cells + p * step);
    for (int block = 0; block < blocks; block++)
        UNROLLED_FOR (int g = 0; g < 4; g++) {
            if (g >= groups)
                break;
            const int8x16x4_t weights = vld1q_s8_x4(w + block * block_weights + g * 4 * BLOCK);
            UNROLLED_FOR (int p = 0; p < pixels; p++)
                UNROLLED_FOR (int v = 0; v < VECTORS; v++) {
                    ivec *s = sum + (p * blocks + block) * SUMS + v;
                    __asm__("sdot %0.4s, %1.16b, %2.4b[%3]" : "+w"(*s) : "w"(weights.val[v]), "w"(x[p]), "i"(g));
                }
        }
#elif defined DOT_HALVES
    UNROLLED_FOR (int g = 0; g < 4; g += 2) {
        if (g >= groups)
            break;
        int8x16_t x[2][4]; /* four channels again and again */
        UNROLLED_FOR (int p = 0; p < pixels; p++)
            UNROLLED_FOR (int i = 0; i < 2; i++)
                x[i][p] = vreinterpretq_s8_s32(vld1q_dup_s32((const int32_t *)(cells + p * step + 4 * (g + i))));
        for (int block = 0; block < blocks; block++)
            UNROLLED_FOR (int i = 0; i < SUMS; i += 2) {
                const int8_t *four = w + block * block_weights + g * 4 * BLOCK + i * 8;
                const int8x16_t first = vld1q_s8(four), second = vld1q_s8(four + 4 * BLOCK);
                UNROLLED_FOR (int p = 0; p < pixels; p++) {
                    ivec *s = sum + (p * blocks + block) * SUMS + i;
                    int16x8_t low = vmull_s8(vget_low_s8(first), vget_low_s8(x[0][p]));
                    int16x8_t high = bytes_high_products(first, x[0][p]);
                    if (g + 1 < groups) {
                        low = vmlal_s8(low, vget_low_s8(second), vget_low_s8(x[1][p]));
                        high = bytes_add_high_products(high, second, x[1][p]);
                    }
                    s[0] = (ivec)vpadalq_s16((int32x4_t)s[0], low);
                    s[1] = (ivec)vpadalq_s16((int32x4_t)s[1], high);
                }
            }
    }
#else
    for (int g = 0; g < groups; g++)
        for (int i = 0; i < pixels * blocks * BLOCK; i++) {
            const int lane = i % BLOCK, block = i / BLOCK % blocks, p = i / BLOCK / blocks;
            const int8_t *four = w + block * block_weights + (g * BLOCK + lane) * 4;
            for (int k = 0; k < 4; k++) sum[i / LANES][i % LANES] += four[k] * cells[p * step + 4 * g + k];
        }
#endif
}

/* The sums before any product: of the bias, where dot products leave them as they are. */
#define SUMS_HAVE_BIAS (SUMS == VECTORS)

/* The sums of a block and its bias b. */
INLINE void bytes_sums(const ivec *sum, const int32_t *b, ivec *total)
{
#if defined DOT_HALVES
    UNROLLED_FOR (int v = 0; v < VECTORS; v++) {
        const int32x4_t a = (int32x4_t)sum[2 * v], b = (int32x4_t)sum[2 * v + 1];
#if defined __aarch64__
        total[v] = (ivec)vpaddq_s32(a, b);
#else
        total[v] = (ivec)vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)),
                                      vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
#endif
    }
#else
    UNROLLED_FOR (int v = 0; v < VECTORS; v++) total[v] = sum[v];
#endif
    if (!SUMS_HAVE_BIAS)
        UNROLLED_FOR (int v = 0; v < VECTORS; v++) total[v] += *(const ivec *)(b + v * LANES);
}

/* The bytes of a block's sums, each channel times its number of m. */
INLINE bytes16 bytes_of_sums(const ivec *sum, const float *m, const rounding c)
{
    vec scaled[VECTORS];
    UNROLLED_FOR (int v = 0; v < VECTORS; v++) scaled[v] = vec_float(sum[v]) * vec_load(m + v * LANES);
    return bytes_round(scaled, c);
}

#endif
