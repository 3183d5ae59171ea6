/* model.c - instances of the model: made and freed.
 *
 * This file is compiled for the least processor of its architecture: a refusal must not be an illegal instruction.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend.h"
#include "instance.h"

enum { PAGE = 4096, LARGE_PAGE = 2 << 20 };

#if defined __aarch64__
#define TARGET "aarch64"
#elif defined __arm__
#define TARGET "armv7"
#else
#define TARGET "host"
#endif
static const char rebuild[] = "compile the model for this machine: edgec compile MODEL -o OUT.edge --target " TARGET;

uint32_t edge_abi_version(void) { return EDGE_ABI_VERSION; }

const char *edge_describe(void) { return edge_description; }

/* Find the program that `variant` names, or the best one. On failure write the reason. */
static edge_status choose_program(const char *variant, const edge_program **chosen, char *error, size_t capacity)
{
    for (uint32_t i = 0; i < edge_program_count; i++) {
        const edge_program *program = &edge_programs[i];
        const int named = variant && strcmp(variant, program->variant) == 0;
        if ((named || (!variant && program->pays())) && program->supported()) {
            *chosen = program;
            return EDGE_OK;
        }
        if (named || (!variant && i + 1 == edge_program_count)) {
            snprintf(error, capacity, "%s, which variant \"%s\" of the library needs; %s", program->missing_message,
                     program->variant, rebuild);
            return EDGE_ERROR_CPU;
        }
    }
    int used =
        snprintf(error, capacity,
                 "the library has no variant \"%s\"; use NULL for the best one, or one of:", variant ? variant : "");
    for (uint32_t i = 0; i < edge_program_count && used >= 0 && (size_t)used < capacity; i++)
        used += snprintf(error + used, capacity - (size_t)used, " %s", edge_programs[i].variant);
    return EDGE_ERROR_ARGUMENT;
}

int edge_supports(const char *variant)
{
    for (uint32_t i = 0; i < edge_program_count; i++)
        if (variant && strcmp(variant, edge_programs[i].variant) == 0)
            return edge_programs[i].supported();
    return 0;
}

/* Round a number of bytes up to whole pages; 0 on overflow. */
static int whole_pages(size_t bytes, size_t *rounded)
{
    if (__builtin_add_overflow(bytes, PAGE - 1, rounded))
        return 0;
    *rounded = *rounded / PAGE * PAGE;
    return 1;
}

/* Get arena, prepared weights and the threads' scratch memory as one block, in large pages where the system has them:
 * there are fewer page faults now and fewer misses of the address cache later. Zeroing makes the faults happen now;
 * prepared weights are about to be written anyway. */
static int allocate_memory(edge_model *model, unsigned threads)
{
    size_t arena, prepared, stride, total;
    if (!whole_pages(edge_arena_bytes, &arena) || !whole_pages(edge_prepared_bytes, &prepared) ||
        !whole_pages(edge_scratch_bytes, &stride))
        return 0;
    if (__builtin_mul_overflow(stride, (size_t)threads, &total) || __builtin_add_overflow(total, arena, &total) ||
        __builtin_add_overflow(total, prepared, &total))
        return 0;
    const size_t alignment = total < LARGE_PAGE ? PAGE : LARGE_PAGE;
    if (__builtin_add_overflow(total, alignment - 1, &total))
        return 0;
    total = total < alignment ? alignment : total / alignment * alignment;
    model->arena = aligned_alloc(alignment, total);
    if (!model->arena)
        return 0;
    madvise(model->arena, total, MADV_HUGEPAGE);
    model->scratch = model->arena + arena;
    model->scratch_stride = stride;
    model->prepared = model->scratch + stride * threads;
    memset(model->arena, 0, arena + stride * threads);
    return 1;
}

/* Make the steps of other back ends ready. On failure write the reason. */
static edge_status create_backends(edge_model *model, char *error, size_t capacity)
{
    const edge_memory memory = edge_memory_of(model, 0);
    model->backends = edge_backends_create(&memory, model->pool, error, capacity);
    return model->backends ? EDGE_OK : EDGE_ERROR_LIBRARY;
}

/* Let every step bring its weights into the form that it wants. The original ones, which are not read again, leave the
 * process's memory; should another instance be made, they come back from the system's cache of the file. */
static void prepare_steps(const edge_model *model)
{
    for (uint32_t i = 0; i < edge_step_count; i++)
        if (model->program->steps[i].prepare)
            edge_run_function(model, model->program->steps[i].prepare, EDGE_MAX_THREADS);
    const uintptr_t first = ((uintptr_t)edge_originals + PAGE - 1) / PAGE * PAGE;
    const uintptr_t end = (uintptr_t)(edge_originals + edge_original_bytes) / PAGE * PAGE;
    if (first < end)
        madvise((void *)first, end - first, MADV_DONTNEED);
}

edge_status edge_create(const edge_options *options, edge_model **model, char *error, size_t error_capacity)
{
    char nowhere[1];
    if (!error || error_capacity == 0) {
        error = nowhere;
        error_capacity = sizeof nowhere;
    }
    error[0] = '\0';
    if (!model || !options) {
        snprintf(error, error_capacity, "edge_create() got a null pointer for %s; pass the address of one",
                 model ? "options" : "model");
        return EDGE_ERROR_ARGUMENT;
    }
    *model = NULL;
    if (options->abi_version != EDGE_ABI_VERSION) {
        snprintf(
            error, error_capacity,
            "the program that loads this library was built for edge_model.h version %u, the library has version %u; %s",
            options->abi_version, EDGE_ABI_VERSION, rebuild);
        return EDGE_ERROR_ABI;
    }
    if (options->threads > EDGE_MAX_THREADS) {
        snprintf(error, error_capacity, "threads must be 1..%u, or 0 for one per processor, but is %u",
                 EDGE_MAX_THREADS, options->threads);
        return EDGE_ERROR_ARGUMENT;
    }
    if (options->reserved_word || options->reserved[0] || options->reserved[1]) {
        snprintf(error, error_capacity, "a reserved option is not zero, so it asks for what this library can't do; %s",
                 rebuild);
        return EDGE_ERROR_ARGUMENT;
    }
    const edge_executor *executor = options->executor;
    if (executor &&
        (options->threads || executor->threads < 1 || executor->threads > EDGE_MAX_THREADS || !executor->run)) {
        snprintf(error, error_capacity,
                 "an executor needs a function `run` and 1..%u threads; the option `threads` is 0 with it",
                 EDGE_MAX_THREADS);
        return EDGE_ERROR_ARGUMENT;
    }
    const edge_program *program = NULL;
    edge_status status = choose_program(options->variant, &program, error, error_capacity);
    if (status != EDGE_OK)
        return status;

    unsigned threads = options->threads ? options->threads : edge_usable_processors();
    if (threads > EDGE_MAX_THREADS)
        threads = EDGE_MAX_THREADS;
    if (executor)
        threads = executor->threads;
    edge_model *made = calloc(1, sizeof *made);
    if (made) {
        made->program = program;
        made->fresh_step = edge_step_count;
    }
    if (!made || !allocate_memory(made, threads)) {
        snprintf(
            error, error_capacity,
            "no memory for the model's %zu bytes of activations and weights and %u x %zu bytes of scratch space; use "
            "fewer threads",
            edge_arena_bytes + edge_prepared_bytes, threads, edge_scratch_bytes);
        edge_destroy(made);
        return EDGE_ERROR_MEMORY;
    }
    made->pool = executor ? edge_pool_share(executor, options->priority) : edge_pool_create(threads);
    if (!made->pool) {
        snprintf(error, error_capacity, "the system refused to start %u threads; use fewer", threads - 1);
        edge_destroy(made);
        return EDGE_ERROR_MEMORY;
    }
    edge_pool_enter(made->pool);
    status = create_backends(made, error, error_capacity);
    if (status == EDGE_OK)
        prepare_steps(made);
    edge_pool_leave(made->pool);
    if (status != EDGE_OK) {
        edge_destroy(made);
        return status;
    }
    *model = made;
    return EDGE_OK;
}

void edge_destroy(edge_model *model)
{
    if (!model)
        return;
    edge_backends_destroy(model->backends);
    edge_pool_destroy(model->pool);
    edge_resizer_free(&model->resizer);
    free(model->arena);
    free(model);
}

const char *edge_variant(const edge_model *model) { return model ? model->program->variant : ""; }

const char *edge_last_error(const edge_model *model) { return model ? model->error : ""; }

edge_status edge_fail(edge_model *model, edge_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(model->error, sizeof model->error, format, arguments);
    va_end(arguments);
    return status;
}
