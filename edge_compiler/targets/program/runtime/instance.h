/* instance.h - what an instance of a model consists of; shared by the files of the run-time part.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_INSTANCE_H
#define EDGE_INSTANCE_H

#include "backend.h"
#include "pool.h"
#include "program.h"
#include "resize.h"

struct edge_model {
    const edge_program *program;
    edge_pool *pool;
    unsigned char *arena;
    unsigned char *scratch; /* one piece for each thread */
    size_t scratch_stride;
    unsigned char *prepared;       /* weights in the form that the steps of this program want */
    edge_backend_states *backends; /* what other back ends keep */
    edge_resizer resizer;
    uint32_t fresh_step; /* the step whose value may be read now; edge_step_count: none */
    char error[256];
};

/* Keep one sentence for edge_last_error() and return `status`. */
__attribute__((format(printf, 3, 4))) edge_status edge_fail(edge_model *model, edge_status status, const char *format,
                                                            ...);

/* What a thread of the instance may touch. */
edge_memory edge_memory_of(const edge_model *model, unsigned thread);

/* Let the threads run a step's function (or that which prepares it), cut into at most so many parts. */
void edge_run_function(const edge_model *model, edge_step_function function, unsigned most_parts);

/* Check that the instance is not running already, and the options, which may be NULL. */
edge_status edge_check_run(edge_model *model, const edge_run_options *options);

/* Check number, types and sizes of a call's tensors, which belong to so many values, so many times;
 * `kind`: "input", "output" ... */
edge_status edge_check_tensors(edge_model *model, const char *kind, const edge_tensor *tensors, uint32_t count,
                               const uint32_t *values, uint32_t value_count, uint32_t times);

/* Run all steps and export the outputs; the inputs are in the arena, and all is checked. */
edge_status edge_run_steps(edge_model *model, const edge_tensor *outputs, const edge_run_options *options);

#endif
