/* model.c - instances of the model, and running them.
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
#include <time.h>

#include "backend.h"
#include "instance.h"
#include "tensor.h"

enum { PAGE = 4096, LARGE_PAGE = 2 << 20, IMPORTED_ROWS = 32 /* worth a part of its own */ };

#if defined __aarch64__
#define TARGET "aarch64"
#elif defined __arm__
#define TARGET "armv7"
#else
#define TARGET "host"
#endif
static const char rebuild[] =
    "compile the model for this machine: edgec compile MODEL -o OUT.edge --target " TARGET;

uint32_t edge_abi_version(void)
{
    return EDGE_ABI_VERSION;
}

const char *edge_describe(void)
{
    return edge_description;
}

/* Find the program that `variant` names, or the best one. On failure write the reason. */
static edge_status choose_program(const char *variant, const edge_program **chosen, char *error, size_t capacity)
{
    for (uint32_t i = 0; i < edge_program_count; i++) {
        const edge_program *program = &edge_programs[i];
        const int named = variant && strcmp(variant, program->variant) == 0;
        if ((named || !variant) && program->supported()) {
            *chosen = program;
            return EDGE_OK;
        }
        if (named || (!variant && i + 1 == edge_program_count)) {
            snprintf(error, capacity, "%s, which variant \"%s\" of the library needs; %s", program->missing_message,
                     program->variant, rebuild);
            return EDGE_ERROR_CPU;
        }
    }
    int used = snprintf(error, capacity, "the library has no variant \"%s\"; use NULL for the best one, or one of:",
                        variant ? variant : "");
    for (uint32_t i = 0; i < edge_program_count && used >= 0 && (size_t)used < capacity; i++)
        used += snprintf(error + used, capacity - (size_t)used, " %s", edge_programs[i].variant);
    return EDGE_ERROR_ARGUMENT;
}

/* Round a number of floats up to whole pages; 0 on overflow. */
static int whole_pages(size_t floats, size_t *rounded)
{
    const size_t page = PAGE / sizeof(float);
    if (__builtin_add_overflow(floats, page - 1, rounded))
        return 0;
    *rounded = *rounded / page * page;
    return 1;
}

/* Get arena, prepared weights and the threads' scratch memory as one block, in large pages where the system has them:
 * there are fewer page faults now and fewer misses of the address cache later. Zeroing makes the faults happen now;
 * prepared weights are about to be written anyway. */
static int allocate_memory(edge_model *model, unsigned threads)
{
    size_t arena, prepared, stride, total;
    if (!whole_pages(edge_arena_floats, &arena) || !whole_pages(edge_prepared_floats, &prepared) ||
        !whole_pages(edge_scratch_floats, &stride))
        return 0;
    if (__builtin_mul_overflow(stride, (size_t)threads, &total) || __builtin_add_overflow(total, arena, &total) ||
        __builtin_add_overflow(total, prepared, &total) || __builtin_mul_overflow(total, sizeof(float), &total))
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
    memset(model->arena, 0, (arena + stride * threads) * sizeof(float));
    return 1;
}

typedef struct step_job {
    const edge_model *model;
    edge_step_function run;
} step_job;

static edge_memory memory_of(const edge_model *model, unsigned thread)
{
    return (edge_memory){
        .arena = model->arena,
        .weights = edge_weights,
        .originals = edge_originals,
        .prepared = model->prepared,
        .scratch = model->scratch + thread * model->scratch_stride,
    };
}

static void run_part(void *context, unsigned part, unsigned parts, unsigned thread)
{
    const step_job *job = context;
    const edge_memory memory = memory_of(job->model, thread);
    job->run(&memory, (int)part, (int)parts);
}

/* Make the steps of other back ends ready. On failure write the reason. */
static edge_status create_backends(edge_model *model, char *error, size_t capacity)
{
    char reason[200] = "";
    const edge_memory memory = memory_of(model, 0);
    model->backends = edge_backends_create(&memory, model->pool, reason, sizeof reason);
    if (model->backends)
        return EDGE_OK;
    snprintf(error, capacity, "%s; %s", reason, rebuild);
    return EDGE_ERROR_LIBRARY;
}

/* Let every step bring its weights into the form that it wants. The original ones, which are not read again, leave the
 * process's memory; should another instance be made, they come back from the system's cache of the file. */
static void prepare_steps(const edge_model *model)
{
    for (uint32_t i = 0; i < edge_step_count; i++) {
        step_job job = {model, model->program->steps[i].prepare};
        if (job.run)
            edge_pool_run(model->pool, run_part, &job, EDGE_MAX_THREADS);
    }
    const uintptr_t first = ((uintptr_t)edge_originals + PAGE - 1) / PAGE * PAGE;
    const uintptr_t end = (uintptr_t)(edge_originals + edge_original_floats) / PAGE * PAGE;
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
        snprintf(error, error_capacity,
                 "the program that loads this library was built for edge_model.h version %u, the library has version %u; %s",
                 options->abi_version, EDGE_ABI_VERSION, rebuild);
        return EDGE_ERROR_ABI;
    }
    if (options->threads > EDGE_MAX_THREADS) {
        snprintf(error, error_capacity, "threads must be 1..%u, or 0 for one per processor, but is %u",
                 EDGE_MAX_THREADS, options->threads);
        return EDGE_ERROR_ARGUMENT;
    }
    const edge_program *program = NULL;
    edge_status status = choose_program(options->variant, &program, error, error_capacity);
    if (status != EDGE_OK)
        return status;

    unsigned threads = options->threads ? options->threads : edge_usable_processors();
    if (threads > EDGE_MAX_THREADS)
        threads = EDGE_MAX_THREADS;
    edge_model *made = calloc(1, sizeof *made);
    if (made) {
        made->program = program;
        made->fresh_step = edge_step_count;
    }
    if (!made || !allocate_memory(made, threads)) {
        snprintf(error, error_capacity,
                 "no memory for the model's %zu bytes of activations and weights and %u x %zu bytes of scratch space; use "
                 "fewer threads",
                 (edge_arena_floats + edge_prepared_floats) * sizeof(float), threads, edge_scratch_floats * sizeof(float));
        edge_destroy(made);
        return EDGE_ERROR_MEMORY;
    }
    made->pool = edge_pool_create(threads);
    if (!made->pool) {
        snprintf(error, error_capacity, "the system refused to start %u threads; use fewer", threads - 1);
        edge_destroy(made);
        return EDGE_ERROR_MEMORY;
    }
    status = create_backends(made, error, error_capacity);
    if (status != EDGE_OK) {
        edge_destroy(made);
        return status;
    }
    prepare_steps(made);
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

const char *edge_variant(const edge_model *model)
{
    return model ? model->program->variant : "";
}

const char *edge_last_error(const edge_model *model)
{
    return model ? model->error : "";
}

edge_status edge_fail(edge_model *model, edge_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(model->error, sizeof model->error, format, arguments);
    va_end(arguments);
    return status;
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void observe_step(edge_model *model, uint32_t step, uint64_t start, edge_observer observer, void *user)
{
    const uint64_t duration = nanoseconds() - start;
    model->fresh_step = step;
    observer(user, model, step, duration);
    model->fresh_step = edge_step_count;
}

typedef struct import_job {
    const edge_value *value;
    float *arena;
    const float *source;
} import_job;

static void import_part(void *context, unsigned part, unsigned parts, unsigned thread)
{
    const import_job *job = context;
    const uint64_t height = job->value->height;
    (void)thread;
    edge_tensor_import_rows(job->value, job->arena, job->source, (uint32_t)(height * part / parts),
                            (uint32_t)(height * (part + 1) / parts));
}

/* Copy an input into the arena. The threads share the rows as they do in the first step, see pool.c. */
static void import_input(const edge_model *model, const edge_value *value, const void *source)
{
    import_job job = {value, model->arena, source};
    const uint32_t parts = value->channels * value->height / IMPORTED_ROWS;
    edge_pool_run(model->pool, import_part, &job, parts < value->height ? parts : value->height);
}

static edge_status run_step(edge_model *model, uint32_t index)
{
    const edge_step *step = &model->program->steps[index];
    step_job job = {model, step->run};
    char reason[200] = "";
    if (job.run)
        edge_pool_run(model->pool, run_part, &job, step->parts);
    else if (!edge_backends_run(model->backends, step->backend, index, reason, sizeof reason))
        return edge_fail(model, EDGE_ERROR_LIBRARY, "step %u failed: %s", index, reason);
    return EDGE_OK;
}

edge_status edge_run_steps(edge_model *model, void *const *outputs, edge_observer observer, void *user)
{
    for (uint32_t i = 0; i < edge_output_count; i++)
        if (!outputs || !outputs[i])
            return edge_fail(model, EDGE_ERROR_ARGUMENT, "output %u is a null pointer; pass memory for every output", i);
    for (uint32_t i = 0; i < edge_step_count; i++) {
        const uint64_t start = observer ? nanoseconds() : 0;
        const edge_status status = run_step(model, i);
        if (status != EDGE_OK)
            return status;
        if (observer)
            observe_step(model, i, start, observer, user);
    }
    for (uint32_t i = 0; i < edge_output_count; i++)
        edge_tensor_export(&edge_values[edge_outputs[i]], model->arena, outputs[i]);
    return EDGE_OK;
}

edge_status edge_run_observed(edge_model *model, const void *const *inputs, void *const *outputs,
                              edge_observer observer, void *user)
{
    if (!model)
        return EDGE_ERROR_ARGUMENT;
    if (model->fresh_step != edge_step_count)
        return edge_fail(model, EDGE_ERROR_ARGUMENT, "the model can't be run inside its observer; use a second instance");
    for (uint32_t i = 0; i < edge_input_count; i++)
        if (!inputs || !inputs[i])
            return edge_fail(model, EDGE_ERROR_ARGUMENT, "input %u is a null pointer; pass every input", i);
    for (uint32_t i = 0; i < edge_input_count; i++)
        import_input(model, &edge_values[edge_inputs[i]], inputs[i]);
    return edge_run_steps(model, outputs, observer, user);
}

edge_status edge_run(edge_model *model, const void *const *inputs, void *const *outputs)
{
    return edge_run_observed(model, inputs, outputs, NULL, NULL);
}

edge_status edge_read_step(edge_model *model, uint32_t step, void *destination)
{
    if (!model)
        return EDGE_ERROR_ARGUMENT;
    if (!destination)
        return edge_fail(model, EDGE_ERROR_ARGUMENT, "edge_read_step() got a null pointer for the destination");
    if (step >= edge_step_count || step != model->fresh_step)
        return edge_fail(model, EDGE_ERROR_ARGUMENT,
                         "step %u can't be read now; call edge_read_step() inside the observer, for the step it is told", step);
    edge_tensor_export(&edge_values[model->program->steps[step].value], model->arena, destination);
    return EDGE_OK;
}
