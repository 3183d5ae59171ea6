/* bytes_dot_arm.h - the products of bytes_dot() with NEON that lacks dot products.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_BYTES_DOT_ARM_H
#define EDGE_BYTES_DOT_ARM_H

#include "bytes_cell.h"

#if defined DOT_HALVES
/* What is multiplied are pairs of input channels: of eight output channels, and of a pixel again and again. */
INLINE void bytes_dot_arm_load_pairs(const int8_t *w, int8x16_t *pairs)
{
    const int16x8x2_t two = vld2q_s16((const int16_t *)w);
    UNROLLED_FOR (int i = 0; i < 2; i++) pairs[i] = vreinterpretq_s8_s16(two.val[i]);
}

/* Add two products of each channel. */
INLINE ivec bytes_dot_arm_add(const ivec sum, const int per_word, const int8x8_t a, const int8x8_t x, const int8x8_t b,
                              const int8x8_t y)
{
    const int16x8_t first = vmull_s8(a, x);
    if (per_word > 1)
        return (ivec)vpadalq_s16((int32x4_t)sum, vmlal_s8(first, b, y));
    return (ivec)vpadalq_s16(vpadalq_s16((int32x4_t)sum, first), vmull_s8(b, y));
}

/* bytes_dot() of one block and one group. sum: `apart` vectors from pixel to pixel. */
INLINE void bytes_dot_arm_group(const int pixels, const int per_word, const unsigned char *cells, const int step,
                                const int8_t *w, ivec *sum, const int apart)
{
    int8x16_t weights[2][2]; /* [half of the block][pair] */
    UNROLLED_FOR (int half = 0; half < 2; half++) bytes_dot_arm_load_pairs(w + half * 2 * BLOCK, weights[half]);
    UNROLLED_FOR (int p = 0; p < pixels; p++) {
        const int16x4x2_t x = vld2_dup_s16((const int16_t *)(cells + p * step));
        const int8x8_t first = vreinterpret_s8_s16(x.val[0]), second = vreinterpret_s8_s16(x.val[1]);
        UNROLLED_FOR (int half = 0; half < 2; half++) {
            ivec *s = sum + p * apart + 2 * half;
            const int8x16_t *pair = weights[half];
            s[0] = bytes_dot_arm_add(s[0], per_word, vget_low_s8(pair[0]), first, vget_low_s8(pair[1]), second);
            s[1] = bytes_dot_arm_add(s[1], per_word, vget_high_s8(pair[0]), first, vget_high_s8(pair[1]), second);
        }
    }
}

#if defined __aarch64__
#define GROUPS_TOGETHER 2

/* Four products of pairs in registers of their own, which take turns: processors without reordering wait for each. */
#define PRODUCTS(op, first, second, x)                                                                            \
    op " v28.8h, %" first ".8b, " x ".8b\n\t" op "2 v29.8h, %" first ".16b, " x ".16b\n\t" op " v30.8h, %" second \
       ".8b, " x ".8b\n\t" op "2 v31.8h, %" second ".16b, " x ".16b\n\t"
#define ADD_PRODUCTS "sadalp %0.4s, v28.8h\n\tsadalp %1.4s, v29.8h\n\tsadalp %2.4s, v30.8h\n\tsadalp %3.4s, v31.8h\n\t"
#define PAIRS_OF_A_PIXEL                                                                                              \
    : "+w"(s[0]), "+w"(s[1]), "+w"(s[2]), "+w"(s[3]), "+r"(cell)                                                     \
    : "w"(w[0][0]), "w"(w[0][1]), "w"(w[0][2]), "w"(w[0][3]), "w"(w[1][0]), "w"(w[1][1]), "w"(w[1][2]), "w"(w[1][3]), \
      "r"((ptrdiff_t)step), "m"(*(const unsigned char (*)[8])cell)                                                   \
    : "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"

/* Add a pixel's products with two groups: one piece of assembler, since compilers copy registers that lie side by side. Returns
 * where the next pixel is. */
INLINE const unsigned char *bytes_dot_arm_add_pixel(ivec *s, const int8x16_t (*w)[4], const unsigned char *cell,
                                                    const int step, const int per_word)
{
    if (per_word > 2)
        __asm__("ld4r {v24.8h, v25.8h, v26.8h, v27.8h}, [%4], %13\n\t" PRODUCTS("smull", "5", "9", "v24")
                    PRODUCTS("smlal", "6", "10", "v25") PRODUCTS("smlal", "7", "11", "v26")
                        PRODUCTS("smlal", "8", "12", "v27") ADD_PRODUCTS PAIRS_OF_A_PIXEL);
    else
        __asm__("ld4r {v24.8h, v25.8h, v26.8h, v27.8h}, [%4], %13\n\t" PRODUCTS("smull", "5", "9", "v24")
                    PRODUCTS("smlal", "6", "10", "v25") ADD_PRODUCTS PRODUCTS("smull", "7", "11", "v26")
                        PRODUCTS("smlal", "8", "12", "v27") ADD_PRODUCTS PAIRS_OF_A_PIXEL);
    return cell;
}

/* bytes_dot() of one block and two groups. */
INLINE void bytes_dot_arm_two(const int pixels, const int per_word, const unsigned char *cells, const int step,
                              const int8_t *w, ivec *sum, const int apart)
{
    register int8x16_t a __asm__("v16"), b __asm__("v17"), c __asm__("v18"), d __asm__("v19");
    register int8x16_t e __asm__("v20"), f __asm__("v21"), g __asm__("v22"), h __asm__("v23");
    __asm__("ld2 {%0.8h, %1.8h}, [%8], #32\n\tld2 {%2.8h, %3.8h}, [%8], #32\n\t"
            "ld2 {%4.8h, %5.8h}, [%8], #32\n\tld2 {%6.8h, %7.8h}, [%8], #32"
            : "=&w"(a), "=&w"(b), "=&w"(c), "=&w"(d), "=&w"(e), "=&w"(f), "=&w"(g), "=&w"(h), "+r"(w)
            : "m"(*(const int8_t (*)[8 * BLOCK]) w));
    const int8x16_t weights[2][4] = {{a, b, e, f}, {c, d, g, h}};
    UNROLLED_FOR (int p = 0; p < pixels; p++)
        cells = bytes_dot_arm_add_pixel(sum + p * apart, weights, cells, step, per_word);
}
#else
#define GROUPS_TOGETHER 1
#endif
#endif

#endif
