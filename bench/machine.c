/* machine.c - what this processor can do at most, as a line of JSON:
 *
 *     cc -O3 -march=native -pthread machine.c -o machine && ./machine THREADS
 *
 * gflops_NNN: float32 multiply-adds on vectors of NNN bits, two operations each; read_gbs: bytes read from memory.
 * All threads work at the same time; the best of several attempts counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ATTEMPTS = 100, THREADS = 64, STEPS = 1 << 20, CHAINS = 12 };
#define BYTES ((size_t)256 << 20) /* far more than caches hold */

typedef float v4 __attribute__((vector_size(16)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v16 __attribute__((vector_size(64)));

static pthread_barrier_t barrier;
static volatile float sink;
static int threads;

/* CHAINS independent chains of multiply-adds hide the latency of each; all fit in registers. */
#define DEFINE_FMA(vector)                                                                          \
    static void fma_##vector(const void *unused)                                                    \
    {                                                                                               \
        (void)unused;                                                                               \
        vector sum[CHAINS], factor = {0}, total = {0};                                              \
        factor += 0.999999f;                                                                        \
        for (int chain = 0; chain < CHAINS; chain++) sum[chain] = factor * (float)chain;            \
        for (int step = 0; step < STEPS; step++)                                                    \
            for (int chain = 0; chain < CHAINS; chain++) sum[chain] = sum[chain] * factor + factor; \
        for (int chain = 0; chain < CHAINS; chain++) total += sum[chain];                           \
        sink = total[0];                                                                            \
    }
#if defined __AVX512F__
DEFINE_FMA(v16)
#endif
#if defined __AVX2__
DEFINE_FMA(v8)
#else
DEFINE_FMA(v4)
#endif

static void read_memory(const void *data)
{
    const v16 *vectors = data;
    v16 sum[4] = {{0}};
    for (size_t i = 0; i < BYTES / sizeof *vectors; i += 4)
        for (int k = 0; k < 4; k++) sum[k] += vectors[i + k];
    sink = (sum[0] + sum[1] + sum[2] + sum[3])[0];
}

struct task {
    void (*function)(const void *);
    const void *data;
    double start[ATTEMPTS], end[ATTEMPTS];
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void *work(void *argument)
{
    struct task *task = argument;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        pthread_barrier_wait(&barrier);
        task->start[attempt] = now();
        task->function(task->data);
        task->end[attempt] = now();
    }
    return NULL;
}

/* Seconds of the fastest attempt, from the first thread's start to the last one's end. */
static double measure(void (*function)(const void *), void *const *data)
{
    pthread_t ids[THREADS];
    struct task tasks[THREADS];
    for (int i = 0; i < threads; i++) {
        tasks[i] = (struct task){.function = function, .data = data[i]};
        if (pthread_create(&ids[i], NULL, work, &tasks[i]))
            abort();
    }
    for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
    double best = 1e9;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        double start = tasks[0].start[attempt], end = tasks[0].end[attempt];
        for (int i = 1; i < threads; i++) {
            start = tasks[i].start[attempt] < start ? tasks[i].start[attempt] : start;
            end = tasks[i].end[attempt] > end ? tasks[i].end[attempt] : end;
        }
        best = end - start < best ? end - start : best;
    }
    return best;
}

static double gflops(void (*function)(const void *), int width, void *const *data)
{
    return 2e-9 * width * CHAINS * STEPS * threads / measure(function, data);
}

int main(int argc, char **argv)
{
    threads = argc == 2 ? atoi(argv[1]) : 0;
    if (threads < 1 || threads > THREADS)
        return fprintf(stderr, "usage: %s THREADS (1..%d)\n", argv[0], THREADS), 2;
    pthread_barrier_init(&barrier, NULL, (unsigned)threads);
    void *data[THREADS];
    for (int i = 0; i < threads; i++) {
        data[i] = aligned_alloc(64, BYTES);
        if (!data[i])
            return fprintf(stderr, "no memory\n"), 1;
        memset(data[i], 1, BYTES); /* pages that were never written are all the same one */
    }
    printf("{");
#if defined __AVX512F__
    printf("\"gflops_512\": %.1f, ", gflops(fma_v16, 16, data));
#endif
#if defined __AVX2__
    printf("\"gflops_256\": %.1f, ", gflops(fma_v8, 8, data));
#else
    printf("\"gflops_128\": %.1f, ", gflops(fma_v4, 4, data));
#endif
    printf("\"read_gbs\": %.1f}\n", 1e-9 * (double)BYTES * threads / measure(read_memory, data));
    return 0;
}
