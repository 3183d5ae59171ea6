/* backends.c - the other back ends of a library, together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>

#include "backend.h"

struct edge_backend_states {
    uint32_t count; /* of those that are ready */
    void *of[];
};

edge_backend_states *edge_backends_create(const edge_memory *memory, edge_pool *pool, char *error, size_t capacity)
{
    edge_backend_states *states = malloc(sizeof *states + edge_backend_count * sizeof states->of[0]);
    if (!states) {
        snprintf(error, capacity, "no memory for %u back ends", edge_backend_count);
        return NULL;
    }
    for (states->count = 0; states->count < edge_backend_count; states->count++) {
        void *state = edge_backends[states->count]->create(memory, pool, error, capacity);
        if (!state) {
            edge_backends_destroy(states);
            return NULL;
        }
        states->of[states->count] = state;
    }
    return states;
}

int edge_backends_run(const edge_backend_states *states, uint32_t backend, uint32_t step, char *error, size_t capacity)
{
    return edge_backends[backend]->run(states->of[backend], step, error, capacity);
}

void edge_backends_destroy(edge_backend_states *states)
{
    if (!states)
        return;
    for (uint32_t i = 0; i < states->count; i++) edge_backends[i]->destroy(states->of[i]);
    free(states);
}
