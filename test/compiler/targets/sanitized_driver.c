/* sanitized_driver.c - runs a generated model on numbers, on NaN and on a frame, with 1 and 2 threads and every variant
 * that is named on the command line: to be run under sanitizers. Tensors are on the heap, so that reading or writing past
 * their end is noticed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "tensor.h"

enum { MOST_TENSORS = 64 };

static edge_tensor tensor(uint32_t value, int special)
{
    const edge_value *v = &edge_values[value];
    const size_t count = (size_t)v->images * v->channels * v->height * v->width, size = edge_element_bytes(v->element);
    unsigned char *data = malloc(count * size);
    for (size_t i = 0; data && i < count; i++) {
        const float number = special && i % 7 == 0 ? (i % 2 ? NAN : -INFINITY) : (float)(i * 37 % 101) / 25.0f - 2.0f;
        const int64_t integer = special ? (int64_t)(i * 37 % 101) - 50 : (int64_t)(i % 2); /* little-endian */
        memcpy(data + i * size, v->element == EDGE_FLOAT32 ? (const void *)&number : (const void *)&integer, size);
    }
    return (edge_tensor){data, count * size, v->element, 0};
}

static int run(edge_model *model, int special)
{
    static const uint8_t pixels[48][64][3];
    const edge_frame frame = {&pixels[0][0][0], sizeof pixels, 64, 48, sizeof pixels[0], EDGE_BGR8, {0}};
    edge_tensor inputs[MOST_TENSORS], outputs[MOST_TENSORS];
    for (uint32_t i = 0; i < edge_input_count; i++) inputs[i] = tensor(edge_inputs[i], special);
    for (uint32_t i = 0; i < edge_output_count; i++) outputs[i] = tensor(edge_outputs[i], 0);
    int failed = edge_run(model, inputs, edge_input_count, outputs, edge_output_count, NULL) != EDGE_OK;
    if (edge_preprocessing_spec.available)
        failed |= edge_run_frame(model, &frame, NULL, 1, outputs, edge_output_count, NULL) != EDGE_OK;
    for (uint32_t i = 0; i < edge_input_count; i++) free(inputs[i].data);
    for (uint32_t i = 0; i < edge_output_count; i++) free(outputs[i].data);
    return failed;
}

int main(int argc, char **argv)
{
    if (edge_input_count > MOST_TENSORS || edge_output_count > MOST_TENSORS)
        return 1;
    for (int i = 1; i < argc; i++)
        for (uint32_t threads = 1; threads <= 2; threads++) {
            const edge_options options = {.abi_version = EDGE_ABI_VERSION, .threads = threads, .variant = argv[i]};
            edge_model *model;
            const edge_status status = edge_create(&options, &model, NULL, 0);
            if (status == EDGE_ERROR_CPU)
                continue;
            if (status != EDGE_OK || run(model, 0) || run(model, 1) || run(model, 0))
                return 1;
            edge_destroy(model);
        }
    puts("done");
    return 0;
}
