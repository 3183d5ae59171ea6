/* cpu.c - what this processor (and its operating system) can run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program.h"

#if defined __x86_64__
#include <cpuid.h>
#endif
#if defined __aarch64__ || defined __arm__
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

int edge_cpu_always(void) { return 1; }

#if defined __x86_64__

/* The compiler's run-time library asks cpuid, and xgetbv whether the system saves the wide registers. Not all of them know
 * F16C by name. */
int edge_cpu_avx2(void)
{
    unsigned a, b, c, d;
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

int edge_cpu_avx512(void)
{
    return edge_cpu_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

int edge_cpu_avx512vnni(void) { return edge_cpu_avx512() && __builtin_cpu_supports("avx512vnni"); }

int edge_cpu_avx512bf16(void) { return edge_cpu_avx512() && __builtin_cpu_supports("avx512bf16"); }

int edge_cpu_avx512bf16vnni(void) { return edge_cpu_avx512bf16() && edge_cpu_avx512vnni(); }

/* Intel's multiply pairs of bfloat16 at a quarter of the rate of AMD's: to be fast they have AMX. */
int edge_cpu_fast_bf16(void) { return !__builtin_cpu_is("intel"); }

int edge_cpu_avxvnni(void)
{
    unsigned a, b, c, d;
    return edge_cpu_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

#elif defined __aarch64__

#if !defined HWCAP2_I8MM /* headers before Linux 5.8 */
#define HWCAP2_I8MM (1 << 13)
#endif

int edge_cpu_fp16(void) { return (getauxval(AT_HWCAP) & HWCAP_ASIMDHP) != 0; }

int edge_cpu_dotprod(void) { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }

int edge_cpu_i8mm(void) { return edge_cpu_dotprod() && (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0; }

int edge_cpu_fp16dotprod(void) { return edge_cpu_fp16() && edge_cpu_dotprod(); }

int edge_cpu_fp16i8mm(void) { return edge_cpu_fp16() && edge_cpu_i8mm(); }

#elif defined __arm__

int edge_cpu_neon_vfpv4(void)
{
    const unsigned long needed = HWCAP_NEON | HWCAP_VFPv4;
    return (getauxval(AT_HWCAP) & needed) == needed;
}

#endif
