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
    float *arena;
    float *scratch; /* one piece for each thread */
    size_t scratch_stride;
    float *prepared; /* weights in the form that the steps of this program want */
    edge_backend_states *backends; /* what other back ends keep */
    edge_resizer resizer;
    uint32_t fresh_step; /* the step whose value may be read now; edge_step_count: none */
    char error[256];
};

/* Keep one sentence for edge_last_error() and return `status`. */
__attribute__((format(printf, 3, 4))) edge_status edge_fail(edge_model *model, edge_status status, const char *format,
                                                            ...);

/* Run all steps and export the outputs; the inputs are in the arena. */
edge_status edge_run_steps(edge_model *model, void *const *outputs, edge_observer observer, void *user);

#endif
