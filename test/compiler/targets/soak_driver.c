/* soak_driver.c - runs a model from two threads on an instance each, RUNS times together, and prints the resident memory
 * in KiB after a tenth of the runs and at the end. The results must be the same each time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edge_model.h"

static pthread_barrier_t barrier;

static float input[INPUT_FLOATS];

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        return -1;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Wait for the other thread; one of the two prints the memory while both stand still. */
static void meet(void)
{
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
        printf("%ld\n", resident_kib());
    pthread_barrier_wait(&barrier);
}

static void *soak(void *unused)
{
    (void)unused;
    float output[OUTPUT_FLOATS], expected[OUTPUT_FLOATS];
    const edge_tensor in = {.data = input, .bytes = sizeof input, .element = EDGE_FLOAT32};
    const edge_tensor out = {.data = output, .bytes = sizeof output, .element = EDGE_FLOAT32};
    const edge_options options = {.abi_version = EDGE_ABI_VERSION, .threads = 1};
    edge_model *model;
    if (edge_create(&options, &model, NULL, 0) != EDGE_OK)
        return "create failed";
    if (edge_run(model, &in, 1, &out, 1, NULL) != EDGE_OK)
        return "run failed";
    memcpy(expected, output, sizeof output);
    for (int run = 0; run < RUNS / 2; run++) {
        if (run == RUNS / 20)
            meet();
        if (edge_run(model, &in, 1, &out, 1, NULL) != EDGE_OK)
            return "run failed";
        if (memcmp(expected, output, sizeof output) != 0)
            return "the result has changed";
    }
    meet();
    edge_destroy(model);
    return NULL;
}

int main(void)
{
    pthread_t other;
    void *failure, *other_failure;
    for (int i = 0; i < INPUT_FLOATS; i++) input[i] = (float)(i * 37 % 101) / 25.0f - 2.0f;
    pthread_barrier_init(&barrier, NULL, 2);
    if (pthread_create(&other, NULL, soak, NULL) != 0)
        return 1;
    failure = soak(NULL);
    if (failure)
        return puts(failure), 1; /* without the other thread, which may wait for this one */
    pthread_join(other, &other_failure);
    return other_failure ? puts(other_failure), 1 : 0;
}
