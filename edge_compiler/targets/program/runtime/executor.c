/* executor.c - threads that several models share: whose run is next, and its tasks on the threads of a pool.
 *
 * One caller at a time has the threads, for a whole run: models that ran side by side would only take the caches from each
 * other. Between two tasks of a run it gives way to a caller that is more urgent.
 *
 * After fork() the child has neither the threads nor the callers that may have had their turn: it does all by itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pool.h"

/* A caller that waits for its turn; it lies on the caller's stack. */
typedef struct waiter {
    struct waiter *next;
    int32_t priority;
    int granted;
    pthread_cond_t called;
} waiter;

typedef struct shared {
    edge_executor interface; /* the first: a pointer to one is a pointer to the other */
    edge_pool *pool;
    pid_t process;
    pthread_mutex_t mutex; /* of all that follows */
    int busy;
    pthread_t owner; /* while `depth` is not zero */
    unsigned depth;  /* of the owner's runs within its run; 0: nobody is, or the next one is called but not awake yet */
    int32_t priority;
    waiter *waiting;             /* the most urgent first */
    _Atomic int32_t most_urgent; /* the first one's priority; INT32_MIN: nobody waits */
} shared;

static int in_child(const shared *s) { return getpid() != s->process; }

static void note_first(shared *s)
{
    atomic_store_explicit(&s->most_urgent, s->waiting ? s->waiting->priority : INT32_MIN, memory_order_relaxed);
}

/* Wait behind those that are more urgent, and behind (or before) those that are as urgent. */
static void wait_for_turn(shared *s, int32_t priority, int before)
{
    waiter self = {.priority = priority, .called = PTHREAD_COND_INITIALIZER};
    waiter **place = &s->waiting;
    while (*place && ((*place)->priority > priority || (!before && (*place)->priority == priority)))
        place = &(*place)->next;
    self.next = *place;
    *place = &self;
    note_first(s);
    while (!self.granted) pthread_cond_wait(&self.called, &s->mutex);
    pthread_cond_destroy(&self.called);
}

static void hand_on(shared *s)
{
    waiter *first = s->waiting;
    s->depth = 0;
    if (!first) {
        s->busy = 0;
        return;
    }
    s->waiting = first->next;
    first->granted = 1;
    pthread_cond_signal(&first->called);
    note_first(s);
}

static void own(shared *s, int32_t priority, unsigned depth)
{
    s->busy = 1;
    s->owner = pthread_self();
    s->priority = priority;
    s->depth = depth;
}

static void enter(void *context, int32_t priority)
{
    shared *s = context;
    if (in_child(s))
        return;
    pthread_mutex_lock(&s->mutex);
    if (s->depth && pthread_equal(s->owner, pthread_self())) {
        s->depth++;
    } else {
        if (s->busy)
            wait_for_turn(s, priority, 0);
        own(s, priority, 1);
    }
    pthread_mutex_unlock(&s->mutex);
}

static void leave(void *context)
{
    shared *s = context;
    if (in_child(s))
        return;
    pthread_mutex_lock(&s->mutex);
    assert(s->depth && pthread_equal(s->owner, pthread_self()));
    if (s->depth == 1)
        hand_on(s);
    else
        s->depth--;
    pthread_mutex_unlock(&s->mutex);
}

static void give_way(shared *s)
{
    pthread_mutex_lock(&s->mutex);
    if (s->waiting && s->waiting->priority > s->priority) {
        const int32_t priority = s->priority;
        const unsigned depth = s->depth;
        hand_on(s);
        wait_for_turn(s, priority, 1);
        own(s, priority, depth);
    }
    pthread_mutex_unlock(&s->mutex);
}

static void run(void *context, edge_task task, void *argument, uint32_t parts)
{
    shared *s = context;
    if (in_child(s)) {
        task(argument, 0, 1, 0);
        return;
    }
    if (atomic_load_explicit(&s->most_urgent, memory_order_relaxed) > s->priority)
        give_way(s);
    edge_pool_run(s->pool, task, argument, parts);
}

/* Start the pool's threads on some processors. NULL if that is refused. */
static edge_pool *start_pool(unsigned threads, const cpu_set_t *processors)
{
    cpu_set_t before;
    if (sched_getaffinity(0, sizeof before, &before) || sched_setaffinity(0, sizeof *processors, processors))
        return NULL;
    edge_pool *pool = edge_pool_create(threads); /* they are born where their maker is */
    sched_setaffinity(0, sizeof before, &before);
    return pool;
}

static edge_status check_options(const edge_executor_options *options, edge_executor **executor, char *error,
                                 size_t capacity)
{
    if (!options || !executor) {
        snprintf(error, capacity,
                 "edge_executor_create() got a null pointer; pass options and the address of a pointer");
        return EDGE_ERROR_ARGUMENT;
    }
    *executor = NULL;
    if (options->abi_version != EDGE_ABI_VERSION) {
        snprintf(error, capacity, "the program was built for edge_model.h version %u, the library has version %u",
                 options->abi_version, EDGE_ABI_VERSION);
        return EDGE_ERROR_ABI;
    }
    if (options->threads > EDGE_MAX_THREADS) {
        snprintf(error, capacity, "threads must be 1..%u, or 0 for one per processor, but is %u", EDGE_MAX_THREADS,
                 options->threads);
        return EDGE_ERROR_ARGUMENT;
    }
    for (size_t i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++) {
        if (options->reserved[i]) {
            snprintf(error, capacity, "a reserved option is not zero, so it asks for what this library can't do");
            return EDGE_ERROR_ARGUMENT;
        }
    }
    return EDGE_OK;
}

edge_status edge_executor_create(const edge_executor_options *options, edge_executor **executor, char *error,
                                 size_t error_capacity)
{
    char nowhere[1];
    if (!error || error_capacity == 0) {
        error = nowhere;
        error_capacity = sizeof nowhere;
    }
    error[0] = '\0';
    const edge_status status = check_options(options, executor, error, error_capacity);
    if (status != EDGE_OK)
        return status;
    cpu_set_t processors, usable;
    CPU_ZERO(&processors);
    if (sched_getaffinity(0, sizeof usable, &usable))
        CPU_ZERO(&usable);
    for (unsigned i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &usable) && (!options->processors || (i < 64 && options->processors >> i & 1)))
            CPU_SET(i, &processors);
    if (CPU_COUNT(&processors) == 0) {
        snprintf(error, error_capacity, "this process may use none of the processors %#llx; name others, or 0 for all",
                 (unsigned long long)options->processors);
        return EDGE_ERROR_ARGUMENT;
    }
    unsigned threads = options->threads ? options->threads : (unsigned)CPU_COUNT(&processors);
    threads = threads > EDGE_MAX_THREADS ? EDGE_MAX_THREADS : threads;
    shared *made = calloc(1, sizeof *made);
    if (made)
        made->pool = start_pool(threads, &processors);
    if (!made || !made->pool) {
        free(made);
        snprintf(error, error_capacity, "the system refused to start %u threads; use fewer", threads - 1);
        return EDGE_ERROR_MEMORY;
    }
    made->interface = (edge_executor){.context = made, .threads = threads, .enter = enter, .leave = leave, .run = run};
    made->process = getpid();
    pthread_mutex_init(&made->mutex, NULL);
    atomic_init(&made->most_urgent, INT32_MIN);
    *executor = &made->interface;
    return EDGE_OK;
}

void edge_executor_destroy(edge_executor *executor)
{
    shared *s = (shared *)executor;
    if (!s)
        return;
    edge_pool_destroy(s->pool);
    if (!in_child(s))
        pthread_mutex_destroy(&s->mutex);
    free(s);
}
