/* generated_driver.c - runs a generated model on tensors and on a frame, with every variant that is named on the
 * command line: to be run under sanitizers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "edge_model.h"

int main(int argc, char **argv)
{
    static float input[INPUT_FLOATS], output[OUTPUT_FLOATS];
    static const uint8_t pixels[48][64][3];
    const edge_frame frame = {&pixels[0][0][0], 64, 48, sizeof pixels[0], EDGE_BGR8};
    const void *inputs[] = {input};
    void *outputs[] = {output};
    for (int i = 1; i < argc; i++) {
        const edge_options options = {EDGE_ABI_VERSION, 4, argv[i]};
        edge_model *model;
        const edge_status status = edge_create(&options, &model, NULL, 0);
        if (status == EDGE_ERROR_CPU)
            continue;
        if (status != EDGE_OK)
            return 1;
        for (int round = 0; round < 3; round++)
            if (edge_run(model, inputs, outputs) != EDGE_OK || edge_run_frame(model, &frame, outputs) != EDGE_OK)
                return 1;
        edge_destroy(model);
    }
    puts("done");
    return 0;
}
