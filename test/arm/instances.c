/* instances.c - runs several instances of a library at once, each with two threads: LIBRARY INPUT FLOATS OUTPUT_FLOATS.
 *
 * Each thread makes its own instance and runs it many times. What the last runs gave is written to the standard output.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "edge_model.h"

enum { INSTANCES = 4, RUNS = 10 };

static void *library;
static edge_tensor input;
static size_t output_floats;

static void *run_instance(void *unused)
{
    __typeof__(edge_create) *create = dlsym(library, "edge_create");
    __typeof__(edge_run) *run = dlsym(library, "edge_run");
    __typeof__(edge_destroy) *destroy = dlsym(library, "edge_destroy");
    const edge_options options = {.abi_version = EDGE_ABI_VERSION, .threads = 2};
    char error[256];
    edge_model *model;
    float *output = calloc(output_floats, sizeof *output);
    const edge_tensor outputs = {.data = output, .bytes = output_floats * sizeof *output, .element = EDGE_FLOAT32};
    (void)unused;
    if (!output || create(&options, &model, error, sizeof error) != EDGE_OK) {
        fprintf(stderr, "%s\n", output ? error : "no memory");
        exit(1);
    }
    for (int i = 0; i < RUNS; i++)
        if (run(model, &input, 1, &outputs, 1, NULL) != EDGE_OK)
            exit(1);
    destroy(model);
    return output;
}

int main(int count, char **arguments)
{
    if (count != 5)
        return 2;
    library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    FILE *file = fopen(arguments[2], "rb");
    const size_t floats = strtoul(arguments[3], NULL, 10);
    float *values = calloc(floats, sizeof *values);
    output_floats = strtoul(arguments[4], NULL, 10);
    if (!library || !file || !values || fread(values, sizeof *values, floats, file) != floats)
        return 2;
    input = (edge_tensor){.data = values, .bytes = floats * sizeof *values, .element = EDGE_FLOAT32};
    pthread_t threads[INSTANCES];
    for (int i = 0; i < INSTANCES; i++)
        if (pthread_create(&threads[i], NULL, run_instance, NULL))
            return 2;
    for (int i = 0; i < INSTANCES; i++) {
        void *output;
        pthread_join(threads[i], &output);
        fwrite(output, sizeof(float), output_floats, stdout);
    }
    return fflush(stdout) ? 1 : 0;
}
