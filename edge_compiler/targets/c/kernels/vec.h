/* vec.h - vectors of the instruction set that the file is compiled for, from the compilers' vector extensions.
 *
 * A blocked image keeps BLOCK = 16 channels side by side. A vector holds LANES of them, so a block is VECTORS vectors.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_VEC_H
#define EDGE_VEC_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 16

#if defined __AVX512F__
#define LANES 16
#elif defined __AVX__
#define LANES 8
#else
#define LANES 4
#if defined __SSE2__
#include <emmintrin.h>
#elif defined __ARM_NEON
#include <arm_neon.h>
#endif
#endif
#define VECTORS (BLOCK / LANES)

#define INLINE static inline __attribute__((always_inline))
#if defined __clang__ || defined __ARM_NEON
#define NOINLINE static __attribute__((noinline))
#else /* nor a copy for each caller, whose sizes are no constants as they are on Arm */
#define NOINLINE static __attribute__((noinline, noclone))
#endif

/* Of a function whose innermost loops are tiles of registers: GCC allocates registers loop by loop, but for loops that it takes
 * to need few, and spills tiles that fit the 32 of AVX-512. Other loops become slower when they are allocated by themselves. */
#if defined __AVX512F__ && !defined __clang__
#define TILED __attribute__((optimize("ira-region=all")))
#else
#define TILED
#endif

/* A loop with a constant trip count that is unrolled completely, so that arrays of vectors become registers; one whose body is
 * there twice, as counting takes its share of instructions where two threads share a core; and one that stays as it is. */
#if defined __clang__
#define UNROLLED_FOR(...) _Pragma("clang loop unroll(full)") for (__VA_ARGS__)
#define TWICE_FOR(...) _Pragma("clang loop unroll_count(2)") for (__VA_ARGS__)
#define ROLLED_FOR(...) _Pragma("clang loop unroll(disable)") for (__VA_ARGS__)
#else
#define UNROLLED_FOR(...) _Pragma("GCC unroll 64") for (__VA_ARGS__)
#define TWICE_FOR(...) _Pragma("GCC unroll 2") for (__VA_ARGS__)
#define ROLLED_FOR(...) _Pragma("GCC unroll 1") for (__VA_ARGS__)
#endif

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef float vec_unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE vec vec_load(const float *p) { return *(const vec *)p; }
INLINE void vec_store(float *p, vec v) { *(vec *)p = v; }
INLINE vec vec_load_unaligned(const float *p) { return (vec) * (const vec_unaligned *)p; }
INLINE vec vec_splat(float x) { return (vec){0} + x; }

/* Load or store the first `count` elements at any address; what isn't loaded is zero. */
INLINE vec vec_load_some(const float *p, int count)
{
    vec v = {0};
    if (count >= LANES)
        return vec_load_unaligned(p);
    if (count > 0)
#if defined __AVX512F__ /* memcpy() would be called */
        __asm__("vmovups %1, %0%{%2%}%{z%}"
                : "=v"(v)
                : "m"(*(const vec_unaligned *)p), "Yk"((uint16_t)((1u << count) - 1u)));
#else
        memcpy(&v, p, sizeof(float) * count);
#endif
    return v;
}

INLINE void vec_store_some(float *p, vec v, int count)
{
    if (count >= LANES)
        *(vec_unaligned *)p = (vec_unaligned)v;
    else if (count > 0) {
#if defined __AVX512F__
        __asm__("vmovups %1, %0%{%2%}" : "+m"(*(vec_unaligned *)p) : "v"(v), "Yk"((uint16_t)((1u << count) - 1u)));
#else /* a copy: GCC keeps in memory, from the first sum on, what it copies some bytes of in the end */
#if defined __SSE2__
        __asm__("" : "+x"(v));
#elif defined __ARM_NEON
        __asm__("" : "+w"(v));
#endif
        memcpy(p, &v, sizeof(float) * count);
#endif
    }
}

/* May an instruction take an operand from memory? Else what is used often is better loaded once. */
#if defined __SSE2__
#define MEMORY_OPERANDS 1
#else
#define MEMORY_OPERANDS 0
#endif

/* For each lane: if the comparison `mask` is true, then a, else b. */
INLINE vec vec_select(ivec mask, vec a, vec b) { return (vec)(((ivec)a & mask) | ((ivec)b & ~mask)); }

/* The second operand is returned when either is NaN, as the instruction does: put the data second to keep its NaN.
 * AVX's instructions are assembler: <immintrin.h>, which names them, is half of the time that GCC takes for a file. */
#if defined __AVX__
INLINE vec vec_max(vec a, vec b)
{
    vec r;
    __asm__("vmaxps %2, %1, %0" : "=v"(r) : "v"(a), "vm"(b));
    return r;
}
INLINE vec vec_min(vec a, vec b)
{
    vec r;
    __asm__("vminps %2, %1, %0" : "=v"(r) : "v"(a), "vm"(b));
    return r;
}
INLINE ivec vec_round(vec a)
{
    ivec r;
    __asm__("vcvtps2dq %1, %0" : "=v"(r) : "vm"(a));
    return r;
}
#elif defined __SSE2__
INLINE vec vec_max(vec a, vec b) { return (vec)_mm_max_ps((__m128)a, (__m128)b); }
INLINE vec vec_min(vec a, vec b) { return (vec)_mm_min_ps((__m128)a, (__m128)b); }
INLINE ivec vec_round(vec a) { return (ivec)_mm_cvtps_epi32((__m128)a); }
#elif defined __ARM_NEON /* NaN is returned when either is NaN */
#define MAX_KEEPS_NAN 1
INLINE vec vec_max(vec a, vec b) { return (vec)vmaxq_f32((float32x4_t)a, (float32x4_t)b); }
INLINE vec vec_min(vec a, vec b) { return (vec)vminq_f32((float32x4_t)a, (float32x4_t)b); }
#if defined __aarch64__
INLINE ivec vec_round(vec a) { return (ivec)vcvtnq_s32_f32((float32x4_t)a); }
#else
INLINE ivec vec_round(vec a)
{
    a += 12582912.0f;
    return (ivec)a - 0x4b400000;
}
#endif
#else
INLINE vec vec_max(vec a, vec b) { return vec_select(a > b, a, b); }
INLINE vec vec_min(vec a, vec b) { return vec_select(a < b, a, b); }
INLINE ivec vec_round(vec a)
{
    a += 12582912.0f;
    return (ivec)a - 0x4b400000;
}
#endif

#if !defined MAX_KEEPS_NAN
#define MAX_KEEPS_NAN 0
#endif

/* The larger or smaller one, and NaN if either operand is: twice the work of vec_max() and vec_min(). */
INLINE vec vec_max_or_nan(vec a, vec b) { return MAX_KEEPS_NAN ? vec_max(a, b) : vec_select(a == a, vec_max(a, b), a); }
INLINE vec vec_min_or_nan(vec a, vec b) { return MAX_KEEPS_NAN ? vec_min(a, b) : vec_select(a == a, vec_min(a, b), a); }

/* 1 / a, for numbers from 1 on. 32-bit NEON has no division: an estimate, and two steps of Newton's method. */
INLINE vec vec_reciprocal(vec a)
{
#if defined __ARM_NEON && !defined __aarch64__
    float32x4_t r = vrecpeq_f32((float32x4_t)a);
    r = vmulq_f32(r, vrecpsq_f32((float32x4_t)a, r));
    return (vec)vmulq_f32(r, vrecpsq_f32((float32x4_t)a, r));
#else
    return 1.0f / a;
#endif
}

INLINE vec vec_sqrt(vec x)
{
#if defined __AVX__
    __asm__("vsqrtps %1, %0" : "=v"(x) : "vm"(x));
    return x;
#elif defined __SSE2__
    return (vec)_mm_sqrt_ps((__m128)x);
#elif defined __aarch64__
    return (vec)vsqrtq_f32((float32x4_t)x);
#else
    UNROLLED_FOR (int i = 0; i < LANES; i++) x[i] = sqrtf(x[i]);
    return x;
#endif
}

INLINE vec vec_float(ivec a) { return __builtin_convertvector(a, vec); }

/* NEON multiplies a vector by one lane of another: products of neighbouring channels need no broadcasts. This is assembler
 * because GCC moves sums from register to register around the same in C. */
#if defined __aarch64__
#define LANE_PRODUCTS 1
INLINE vec vec_add_lane_product(vec sum, vec a, vec b, const int lane)
{
    __asm__("fmla %0.4s, %1.4s, %2.s[%3]" : "+w"(sum) : "w"(a), "w"(b), "i"(lane));
    return sum;
}
#elif defined __ARM_NEON /* the lane must be in one of the lower registers, "t" */
#define LANE_PRODUCTS 1
INLINE vec vec_add_lane_product(vec sum, vec a, vec b, const int lane)
{
    if (lane < 2)
        __asm__("vmla.f32 %q0, %q1, %e2[%3]" : "+w"(sum) : "w"(a), "t"(b), "i"(lane));
    else
        __asm__("vmla.f32 %q0, %q1, %f2[%3]" : "+w"(sum) : "w"(a), "t"(b), "i"(lane - 2));
    return sum;
}
#else
#define LANE_PRODUCTS 0
#endif

/* Load a block of channels into VECTORS vectors and return the next one: on Arm one instruction, if the compiler can't count
 * the address ahead. */
INLINE const float *vec_load_block(const float *p, vec *v)
{
#if defined __aarch64__
    const float32x4x4_t all = vld1q_f32_x4(p);
    UNROLLED_FOR (int i = 0; i < VECTORS; i++) v[i] = (vec)all.val[i];
    p += BLOCK;
    __asm__("" : "+r"(p));
    return p;
#elif defined __ARM_NEON && !defined __clang__
    float32x4x4_t all;
    __asm__("vldmia %1!, %h0" : "=w"(all), "+r"(p) : "m"(*(const float (*)[BLOCK])p));
    UNROLLED_FOR (int i = 0; i < VECTORS; i++) v[i] = (vec)all.val[i];
    return p;
#else
    UNROLLED_FOR (int i = 0; i < VECTORS; i++) v[i] = vec_load(p + i * LANES);
    return p + BLOCK;
#endif
}

/* exp(x), relative error below 2e-7; Cody-Waite reduction and a minimax polynomial (Cephes expf). From 88.4 on it is infinite
 * and below -87.7 zero: the bounds make n 128 and -127, exponents of just these. */
INLINE vec vec_exp(vec x)
{
    x = vec_min(vec_splat(89.0f), vec_max(vec_splat(-88.1f), x));
    const ivec n = vec_round(x * 1.44269504f);
    const vec whole = vec_float(n);
    x = x - whole * 0.693359375f - whole * -2.12194440e-4f;
    vec p = 1.9875691500e-4f * x + 1.3981999507e-3f;
    p = p * x + 8.3334519073e-3f;
    p = p * x + 4.1665795894e-2f;
    p = p * x + 1.6666665459e-1f;
    p = p * x + 5.0000001201e-1f;
    p = p * x * x + x + 1.0f;
    return p * (vec)((n + 127) << 23);
}

/* Have the compiler load what a pointer points to here, each time. GCC would else keep a layer's bias in registers, and spill
 * the tile that is summed up in the innermost loop. */
#define LOAD_AGAIN(pointer) __asm__ volatile("" : "+r"(pointer))

/* Have the compiler count from this pointer on. GCC would else compute each of many addresses from the first one. */
#define COUNT_FROM(pointer) __asm__("" : "+r"(pointer))

/* Have the compiler keep an array in memory, so that the registers are free for another one. */
#define IN_MEMORY(array) __asm__ volatile("" : "+m"(array))

#endif
