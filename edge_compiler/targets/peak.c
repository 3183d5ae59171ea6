/* peak.c - the most multiply-adds that one thread can do with the vectors that it is compiled for:
 *
 *     cc -O2 -shared -fPIC -DLANES=16 -march=x86-64-v4 peak.c -o peak.so
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 199309L
#include <time.h>

enum { CHAINS = 12, STEPS = 1 << 14 };

typedef float vector __attribute__((vector_size(4 * LANES)));

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* CHAINS independent chains hide the latency of each; all of them fit in registers. */
static float multiply_add(float start)
{
    vector sum[CHAINS], factor = {0};
    factor += 0.999999f;
    for (int chain = 0; chain < CHAINS; chain++) sum[chain] = factor * (start + (float)chain);
#pragma GCC unroll 2
    for (int step = 0; step < STEPS; step++) {
#pragma GCC unroll 12
        for (int chain = 0; chain < CHAINS; chain++) sum[chain] = sum[chain] * factor + factor;
    }
    for (int chain = 1; chain < CHAINS; chain++) sum[0] += sum[chain];
    return sum[0][0];
}

/* GFLOP/s of the fastest of the attempts that fit into so many seconds: the others were disturbed. */
double edge_peak(double seconds)
{
    volatile float sink = 0;
    double best = 0;
    for (const double end = now() + seconds; now() < end;) {
        const double start = now();
        sink = multiply_add(sink);
        const double rate = 2e-9 * LANES * CHAINS * STEPS / (now() - start);
        best = rate > best ? rate : best;
    }
    return best;
}
