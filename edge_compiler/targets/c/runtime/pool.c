/* pool.c - threads that share the parts of a step.
 *
 * The parts of a job are numbered; a thread takes the next one by a compare-and-swap on `ticket`, which holds the
 * job's epoch, its number of parts and the next part. The caller takes parts like everybody else, so that a worker that
 * the kernel has descheduled, or that does not exist (after fork()), delays at most the one part that it holds.
 *
 * A thread reads `task` and `context` only after its compare-and-swap succeeded. The job can't end before the part that
 * it took is done, so the two can't change under it, and a ticket of an old epoch can't be taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include "pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    TICKET_BITS = 12,         /* of the part counters in a ticket; the other 40 bits are the epoch */
    PARTS_PER_THREAD = 4,     /* small enough to even out a slow thread, large enough to cost nothing */
    SPINS = 2048,             /* some 50 us: longer than the gap between two steps, shorter than a frame */
    SPINS_OVERSUBSCRIBED = 32 /* the thread that is waited for may need this processor */
};
#define TICKET_MASK ((1u << TICKET_BITS) - 1u)

typedef struct worker {
    edge_pool *pool;
    pthread_t thread;
    unsigned index;
} worker;

/* Words that different threads write lie on different cache lines. */
struct edge_pool {
    _Alignas(64) _Atomic uint64_t ticket;
    edge_task task;
    void *context;
    _Alignas(64) _Atomic uint32_t remaining; /* parts of the job that are not done; the caller sleeps on it */
    _Alignas(64) _Atomic uint32_t wakeups;   /* workers sleep on it */
    _Atomic uint32_t sleepers;
    _Atomic int caller_sleeps, stopping;
    _Alignas(64) unsigned threads;
    unsigned spins;
    pid_t owner; /* after fork() the child has the memory but not the threads */
    worker workers[EDGE_MAX_THREADS];
};

static void futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, unsigned count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static void spin_pause(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("isb"); /* takes about as long as x86's pause; yield is nothing on most cores */
#endif
}

static unsigned ticket_next(uint64_t ticket)
{
    return (unsigned)ticket & TICKET_MASK;
}

static unsigned ticket_parts(uint64_t ticket)
{
    return (unsigned)(ticket >> TICKET_BITS) & TICKET_MASK;
}

static int has_parts(uint64_t ticket)
{
    return ticket_next(ticket) < ticket_parts(ticket);
}

static void take_parts(edge_pool *pool, unsigned thread)
{
    uint64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_relaxed);
    while (has_parts(ticket)) {
        /* Acquire: see the job, and all that the parts of earlier jobs wrote. */
        if (!atomic_compare_exchange_weak_explicit(&pool->ticket, &ticket, ticket + 1, memory_order_acquire,
                                                   memory_order_relaxed))
            continue;
        pool->task(pool->context, ticket_next(ticket), ticket_parts(ticket), thread);
        if (atomic_fetch_sub(&pool->remaining, 1) == 1 && atomic_load(&pool->caller_sleeps))
            futex_wake(&pool->remaining, 1);
        ticket = atomic_load_explicit(&pool->ticket, memory_order_relaxed);
    }
}

/* Wait until there is a part to take (1) or the pool stops (0).
 *
 * No wake-up is lost: a worker counts itself as a sleeper and then looks at the ticket, the caller writes the ticket and
 * then looks for sleepers, all sequentially consistent, so one of them sees the other; and a wake-up that comes before
 * the worker is asleep has changed `wakeups`, which ends the wait at once. */
static int wait_for_parts(edge_pool *pool)
{
    for (;;) {
        for (unsigned i = 0; i < pool->spins; i++) {
            if (atomic_load_explicit(&pool->stopping, memory_order_relaxed))
                return 0;
            if (has_parts(atomic_load_explicit(&pool->ticket, memory_order_relaxed)))
                return 1;
            spin_pause();
        }
        uint32_t wakeups = atomic_load(&pool->wakeups);
        atomic_fetch_add(&pool->sleepers, 1);
        if (!has_parts(atomic_load(&pool->ticket)) && !atomic_load(&pool->stopping))
            futex_wait(&pool->wakeups, wakeups);
        atomic_fetch_sub(&pool->sleepers, 1);
    }
}

static void *worker_main(void *argument)
{
    worker *self = argument;
    while (wait_for_parts(self->pool))
        take_parts(self->pool, self->index);
    return NULL;
}

static void wait_until_done(edge_pool *pool)
{
    for (unsigned i = 0; i < pool->spins; i++) {
        if (atomic_load_explicit(&pool->remaining, memory_order_acquire) == 0)
            return;
        spin_pause();
    }
    atomic_store(&pool->caller_sleeps, 1);
    for (uint32_t remaining; (remaining = atomic_load(&pool->remaining)) != 0;)
        futex_wait(&pool->remaining, remaining);
    atomic_store(&pool->caller_sleeps, 0);
}

void edge_pool_run(edge_pool *pool, edge_task task, void *context, unsigned most_parts)
{
    unsigned limit = pool->threads * PARTS_PER_THREAD;
    unsigned parts = most_parts < limit ? most_parts : limit;
    if (pool->threads == 1 || parts <= 1) {
        task(context, 0, 1, 0);
        return;
    }
    pool->task = task;
    pool->context = context;
    atomic_store_explicit(&pool->remaining, parts, memory_order_relaxed);
    uint64_t epoch = (atomic_load_explicit(&pool->ticket, memory_order_relaxed) >> 2 * TICKET_BITS) + 1;
    atomic_store(&pool->ticket, epoch << 2 * TICKET_BITS | (uint64_t)parts << TICKET_BITS);
    atomic_fetch_add(&pool->wakeups, 1);
    if (atomic_load(&pool->sleepers))
        futex_wake(&pool->wakeups, parts - 1);
    take_parts(pool, 0);
    wait_until_done(pool);
}

unsigned edge_usable_processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (unsigned)count;
}

/* Start the workers; pool->threads counts those that run. Signals are left to the threads of the application. */
static int start_workers(edge_pool *pool, unsigned threads)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int failed = 0; pool->threads < threads && !failed; pool->threads += !failed) {
        worker *next = &pool->workers[pool->threads];
        *next = (worker){.pool = pool, .index = pool->threads};
        failed = pthread_create(&next->thread, NULL, worker_main, next);
        char name[16];
        snprintf(name, sizeof name, "edge-%u", next->index);
        if (!failed)
            pthread_setname_np(next->thread, name);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return pool->threads == threads;
}

edge_pool *edge_pool_create(unsigned threads)
{
    edge_pool *pool = aligned_alloc(64, sizeof *pool);
    if (!pool)
        return NULL;
    *pool = (edge_pool){.threads = 1,
                        .spins = threads > edge_usable_processors() ? SPINS_OVERSUBSCRIBED : SPINS,
                        .owner = getpid()};
    if (!start_workers(pool, threads)) {
        edge_pool_destroy(pool);
        return NULL;
    }
    return pool;
}

unsigned edge_pool_threads(const edge_pool *pool)
{
    return pool->threads;
}

void edge_pool_destroy(edge_pool *pool)
{
    if (!pool)
        return;
    if (pool->owner == getpid()) {
        atomic_store(&pool->stopping, 1);
        atomic_fetch_add(&pool->wakeups, 1);
        futex_wake(&pool->wakeups, EDGE_MAX_THREADS);
        for (unsigned i = 1; i < pool->threads; i++)
            pthread_join(pool->workers[i].thread, NULL);
    }
    free(pool);
}
