/* backend.h - other back ends beside our own kernels, linked into the library: they run the steps that have no `run`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_BACKEND_H
#define EDGE_BACKEND_H

#include "pool.h"
#include "program.h"

typedef struct edge_backend {
    /* Make an instance's steps ready to run. On failure return NULL and write one sentence: what failed, what to do. */
    void *(*create)(const edge_memory *memory, edge_pool *pool, char *error, size_t capacity);
    /* Run a step. On failure return 0 and write one clause. */
    int (*run)(void *state, uint32_t step, char *error, size_t capacity);
    void (*destroy)(void *state);
} edge_backend;

/* Of the generated program.c; edge_step.backend is an index of it. */
extern const edge_backend *const edge_backends[];
extern const uint32_t edge_backend_count;

/* What the back ends keep of an instance: one state each. */
typedef struct edge_backend_states edge_backend_states;

/* Make all back ends ready, on the memory of an instance. On failure return NULL and write one sentence. */
edge_backend_states *edge_backends_create(const edge_memory *memory, edge_pool *pool, char *error, size_t capacity);

/* Run a step of a back end. On failure return 0 and write one clause. */
int edge_backends_run(const edge_backend_states *states, uint32_t backend, uint32_t step, char *error, size_t capacity);

/* `states` may be NULL. */
void edge_backends_destroy(edge_backend_states *states);

#endif
