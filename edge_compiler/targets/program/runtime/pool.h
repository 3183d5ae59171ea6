/* pool.h - the threads of one model instance: its own, or those of an executor that it shares.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_POOL_H
#define EDGE_POOL_H

#include "edge_model.h"

#define EDGE_MAX_THREADS 64u

typedef struct edge_pool edge_pool;

/* How many processors this process may use. */
unsigned edge_usable_processors(void);

/* Start a pool of `threads` threads, the caller included. NULL if a thread or memory can't be had. */
edge_pool *edge_pool_create(unsigned threads);

/* Make a pool of the threads of an executor, for an instance of that priority. NULL if memory can't be had. */
edge_pool *edge_pool_share(const edge_executor *executor, int32_t priority);

/* Before and after the tasks of a run: the threads may be busy with that of another instance. */
void edge_pool_enter(const edge_pool *pool);
void edge_pool_leave(const edge_pool *pool);

unsigned edge_pool_threads(const edge_pool *pool);

/* Run `task` cut into at most `most_parts` parts and return when all are done. One caller at a time. */
void edge_pool_run(edge_pool *pool, edge_task task, void *context, unsigned most_parts);

void edge_pool_destroy(edge_pool *pool);

#endif
