/* sanitized_driver.c - runs a generated model on numbers, on NaN and on a frame, with 1 and 2 threads and every variant
 * that is named on the command line: to be run under sanitizers. Tensors are on the heap, so that reading or writing past
 * their end is noticed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "program.h"

enum { MOST_TENSORS = 64 };

static size_t elements(uint32_t value)
{
    const edge_value *v = &edge_values[value];
    return (size_t)v->channels * v->height * v->width;
}

static void *tensor(uint32_t value, int special)
{
    const size_t count = elements(value);
    float *data = malloc(count * sizeof *data);
    for (size_t i = 0; data && i < count; i++)
        data[i] = special && i % 7 == 0 ? (i % 2 ? NAN : -INFINITY) : (float)(i * 37 % 101) / 25.0f - 2.0f;
    return data;
}

static int run(edge_model *model, int special)
{
    static const uint8_t pixels[48][64][3];
    const edge_frame frame = {&pixels[0][0][0], 64, 48, sizeof pixels[0], EDGE_BGR8};
    void *inputs[MOST_TENSORS], *outputs[MOST_TENSORS];
    for (uint32_t i = 0; i < edge_input_count; i++) inputs[i] = tensor(edge_inputs[i], special);
    for (uint32_t i = 0; i < edge_output_count; i++) outputs[i] = malloc(elements(edge_outputs[i]) * sizeof(float));
    int failed = edge_run(model, (const void *const *)inputs, outputs) != EDGE_OK;
    if (edge_preprocessing_spec.available) failed |= edge_run_frame(model, &frame, outputs) != EDGE_OK;
    for (uint32_t i = 0; i < edge_input_count; i++) free(inputs[i]);
    for (uint32_t i = 0; i < edge_output_count; i++) free(outputs[i]);
    return failed;
}

int main(int argc, char **argv)
{
    if (edge_input_count > MOST_TENSORS || edge_output_count > MOST_TENSORS) return 1;
    for (int i = 1; i < argc; i++)
        for (uint32_t threads = 1; threads <= 2; threads++) {
            const edge_options options = {EDGE_ABI_VERSION, threads, argv[i]};
            edge_model *model;
            const edge_status status = edge_create(&options, &model, NULL, 0);
            if (status == EDGE_ERROR_CPU) continue;
            if (status != EDGE_OK || run(model, 0) || run(model, 1) || run(model, 0)) return 1;
            edge_destroy(model);
        }
    puts("done");
    return 0;
}
