/* backend.h - another back end beside our own kernels, linked into the library: it runs the steps that have no `run`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_BACKEND_H
#define EDGE_BACKEND_H

#include "pool.h"
#include "program.h"

typedef struct edge_backend {
    /* Make an instance's steps ready to run. On failure return NULL and write one clause. */
    void *(*create)(const edge_memory *memory, edge_pool *pool, char *error, size_t capacity);
    /* Run a step. On failure return 0 and write one clause. */
    int (*run)(void *state, uint32_t step, char *error, size_t capacity);
    void (*destroy)(void *state);
} edge_backend;

extern const edge_backend *const edge_other_backend; /* of the generated program.c; NULL: there is none */

#endif
