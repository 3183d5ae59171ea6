/* pool.h - the threads of one model instance.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_POOL_H
#define EDGE_POOL_H

#define EDGE_MAX_THREADS 64u

typedef struct edge_pool edge_pool;

/* Compute part `part` of `parts`; `thread` (0: the caller of edge_pool_run) says whose private memory may be used. */
typedef void (*edge_task)(void *context, unsigned part, unsigned parts, unsigned thread);

/* How many processors this process may use. */
unsigned edge_usable_processors(void);

/* Start a pool of `threads` threads, the caller included. NULL if a thread or memory can't be had. */
edge_pool *edge_pool_create(unsigned threads);

unsigned edge_pool_threads(const edge_pool *pool);

/* Run `task` cut into at most `most_parts` parts and return when all are done. One caller at a time. */
void edge_pool_run(edge_pool *pool, edge_task task, void *context, unsigned most_parts);

void edge_pool_destroy(edge_pool *pool);

#endif
