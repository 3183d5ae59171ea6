/* pool.c - threads that share the parts of a step.
 *
 * The parts of a job are numbered, and every thread is given a range of them. It takes those from the front, then helps
 * the others from the back of theirs: a worker that the kernel has descheduled, or that does not exist (after fork()),
 * delays at most the one part that it holds. As a thread gets the same range of every job, it mostly reads what it wrote
 * itself; what another core wrote is slow to get, the more so if the two share no cache.
 *
 * For the same reason a thread's range and all that it must know of the job lie on one cache line of its own, and it says
 * what it has done once a job. A range is a ticket: the job's epoch, the end and the next part. Parts are taken by a
 * compare-and-swap, and `task` and `context` read only after it succeeded: the job can't end before the part that was
 * taken is done, so they can't change under the thread, and a ticket of an old epoch can't be taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include "parts.h"
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
    TICKET_BITS = 12,         /* of the part numbers in a ticket; the other 40 bits are the epoch */
    SPINS = 2048,             /* some 50 us: longer than the gap between two steps, shorter than a frame */
    SPINS_OVERSUBSCRIBED = 32 /* the thread that is waited for may need this processor */
};
#define TICKET_MASK ((1u << TICKET_BITS) - 1u)

/* What a thread is given of a job. */
typedef struct share {
    _Alignas(64) _Atomic uint64_t ticket;
    edge_task task;
    void *context;
    unsigned parts; /* of the whole job */
    _Atomic int sleeps;
    _Atomic uint32_t wakeups; /* the thread sleeps on it */
} share;

typedef struct worker {
    edge_pool *pool;
    pthread_t thread;
    unsigned index;
} worker;

/* Words that different threads write lie on different cache lines. */
struct edge_pool {
    share shares[EDGE_MAX_THREADS];
    _Alignas(64) _Atomic uint32_t remaining; /* parts of the job that are not done; the caller sleeps on it */
    _Atomic int caller_sleeps;
    uint64_t epoch; /* of the last job */
    _Alignas(64) unsigned threads;
    unsigned spins;
    pid_t owner; /* after fork() the child has the memory but not the threads */
    _Atomic int stopping;
    worker workers[EDGE_MAX_THREADS];
    const edge_executor *executor; /* whose threads it uses, or NULL: its own */
    int32_t priority;              /* with them */
};

static void futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }

static void spin_pause(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("isb"); /* takes about as long as x86's pause; yield is nothing on most cores */
#endif
}

static uint64_t make_ticket(uint64_t epoch, unsigned next, unsigned end)
{
    return epoch << 2 * TICKET_BITS | (uint64_t)end << TICKET_BITS | next;
}

static unsigned ticket_next(uint64_t ticket) { return (unsigned)ticket & TICKET_MASK; }

static unsigned ticket_end(uint64_t ticket) { return (unsigned)(ticket >> TICKET_BITS) & TICKET_MASK; }

static int has_parts(uint64_t ticket) { return ticket_next(ticket) < ticket_end(ticket); }

/* Do what is left of the share of thread `owner`. */
static void take_share(edge_pool *pool, unsigned owner, unsigned thread)
{
    share *from = &pool->shares[owner];
    uint32_t done = 0;
    uint64_t ticket = atomic_load_explicit(&from->ticket, memory_order_relaxed);
    while (has_parts(ticket)) {
        const int own = owner == thread;
        const unsigned part = own ? ticket_next(ticket) : ticket_end(ticket) - 1;
        const uint64_t rest = own ? ticket + 1 : ticket - (1u << TICKET_BITS);
        /* Acquire: see the job, and all that the parts of earlier jobs wrote. */
        if (!atomic_compare_exchange_weak_explicit(&from->ticket, &ticket, rest, memory_order_acquire,
                                                   memory_order_relaxed))
            continue;
        from->task(from->context, part, from->parts, thread);
        done++;
        ticket = atomic_load_explicit(&from->ticket, memory_order_relaxed);
    }
    if (done && atomic_fetch_sub(&pool->remaining, done) == done && atomic_load(&pool->caller_sleeps))
        futex_wake(&pool->remaining);
}

static void take_parts(edge_pool *pool, unsigned thread)
{
    for (unsigned i = 0; i < pool->threads; i++) take_share(pool, (thread + i) % pool->threads, thread);
}

/* Wait until the worker is given parts (1) or the pool stops (0).
 *
 * No wake-up is lost: a worker says that it sleeps and then looks at its ticket, the caller writes the ticket and then
 * looks for sleepers, all sequentially consistent, so one of them sees the other; and a wake-up that comes before the
 * worker is asleep has changed `wakeups`, which ends the wait at once. */
static int wait_for_parts(edge_pool *pool, share *own)
{
    for (;;) {
        for (unsigned i = 0; i < pool->spins; i++) {
            if (has_parts(atomic_load_explicit(&own->ticket, memory_order_acquire)))
                return 1;
            if (atomic_load_explicit(&pool->stopping, memory_order_relaxed))
                return 0;
            spin_pause();
        }
        uint32_t wakeups = atomic_load(&own->wakeups);
        atomic_store(&own->sleeps, 1);
        if (!has_parts(atomic_load(&own->ticket)) && !atomic_load(&pool->stopping))
            futex_wait(&own->wakeups, wakeups);
        atomic_store(&own->sleeps, 0);
    }
}

static void wake(share *sleeper)
{
    if (atomic_load(&sleeper->sleeps)) {
        atomic_fetch_add(&sleeper->wakeups, 1);
        futex_wake(&sleeper->wakeups);
    }
}

static void *worker_main(void *argument)
{
    worker *self = argument;
    while (wait_for_parts(self->pool, &self->pool->shares[self->index])) take_parts(self->pool, self->index);
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
    for (uint32_t remaining; (remaining = atomic_load(&pool->remaining)) != 0;) futex_wait(&pool->remaining, remaining);
    atomic_store(&pool->caller_sleeps, 0);
}

void edge_pool_run(edge_pool *pool, edge_task task, void *context, unsigned most_parts)
{
    unsigned limit = pool->threads * EDGE_PARTS_PER_THREAD;
    unsigned parts = most_parts < limit ? most_parts : limit;
    if (parts > pool->threads)
        parts -= parts % pool->threads; /* as many for each */
    if (pool->threads == 1 || parts <= 1) {
        task(context, 0, 1, 0);
        return;
    }
    if (pool->executor) {
        pool->executor->run(pool->executor->context, task, context, parts);
        return;
    }
    atomic_store_explicit(&pool->remaining, parts, memory_order_relaxed);
    pool->epoch++;
    for (unsigned i = pool->threads; i-- > 0;) {
        share *given = &pool->shares[i];
        const unsigned first = parts * i / pool->threads, end = parts * (i + 1) / pool->threads;
        if (first == end)
            continue;
        given->task = task;
        given->context = context;
        given->parts = parts;
        atomic_store(&given->ticket, make_ticket(pool->epoch, first, end));
        wake(given);
    }
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
    *pool = (edge_pool){
        .threads = 1, .spins = threads > edge_usable_processors() ? SPINS_OVERSUBSCRIBED : SPINS, .owner = getpid()};
    if (!start_workers(pool, threads)) {
        edge_pool_destroy(pool);
        return NULL;
    }
    return pool;
}

edge_pool *edge_pool_share(const edge_executor *executor, int32_t priority)
{
    edge_pool *pool = aligned_alloc(64, sizeof *pool);
    if (pool)
        *pool = (edge_pool){.threads = executor->threads, .executor = executor, .priority = priority};
    return pool;
}

void edge_pool_enter(const edge_pool *pool)
{
    if (pool->executor && pool->executor->enter)
        pool->executor->enter(pool->executor->context, pool->priority);
}

void edge_pool_leave(const edge_pool *pool)
{
    if (pool->executor && pool->executor->leave)
        pool->executor->leave(pool->executor->context);
}

unsigned edge_pool_threads(const edge_pool *pool) { return pool->threads; }

void edge_pool_destroy(edge_pool *pool)
{
    if (!pool)
        return;
    if (!pool->executor && pool->owner == getpid()) {
        atomic_store(&pool->stopping, 1);
        for (unsigned i = 1; i < pool->threads; i++) wake(&pool->shares[i]);
        for (unsigned i = 1; i < pool->threads; i++) pthread_join(pool->workers[i].thread, NULL);
    }
    free(pool);
}
