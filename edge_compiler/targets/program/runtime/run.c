/* run.c - running an instance: tensors in, steps, tensors out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include <time.h>

#include "instance.h"
#include "tensor.h"

enum { IMPORTED_ROWS = 32 /* worth a part of its own */ };

/* Check that a tensor is one that the value can be copied from or to. */
static edge_status check_tensor(edge_model *model, const char *kind, uint32_t index, const edge_tensor *tensor,
                                const edge_value *value)
{
    const size_t bytes = edge_tensor_bytes(value);
    if (!tensor->data)
        return edge_fail(model, EDGE_ERROR_ARGUMENT, "%s %u is a null pointer; pass memory for every one", kind, index);
    if (tensor->element != value->element)
        return edge_fail(model, EDGE_ERROR_ARGUMENT, "%s %u has elements of type %s, expected %s", kind, index,
                         edge_element_name(tensor->element), edge_element_name(value->element));
    if (tensor->bytes != bytes)
        return edge_fail(model, EDGE_ERROR_ARGUMENT,
                         "%s %u has %zu bytes, expected %zu; edge_describe() tells its shape", kind, index,
                         tensor->bytes, bytes);
    if ((uintptr_t)tensor->data % edge_element_bytes(value->element))
        return edge_fail(model, EDGE_ERROR_ARGUMENT, "%s %u begins at an address that is no multiple of %zu; align it",
                         kind, index, edge_element_bytes(value->element));
    if (tensor->reserved)
        return edge_fail(model, EDGE_ERROR_ARGUMENT, "%s %u has a reserved field that is not zero; set it to zero",
                         kind, index);
    return EDGE_OK;
}

edge_status edge_check_tensors(edge_model *model, const char *kind, const edge_tensor *tensors, uint32_t count,
                               const uint32_t *values, uint32_t value_count, uint32_t times)
{
    if (count != (uint64_t)value_count * times)
        return edge_fail(model, EDGE_ERROR_ARGUMENT, "the call has %u %ss, expected %llu", count, kind,
                         (unsigned long long)value_count * times);
    if (!tensors && count)
        return edge_fail(model, EDGE_ERROR_ARGUMENT, "the call has a null pointer for the %ss; pass every one", kind);
    for (uint32_t i = 0; i < count; i++) {
        const edge_status status = check_tensor(model, kind, i, &tensors[i], &edge_values[values[i % value_count]]);
        if (status != EDGE_OK)
            return status;
    }
    return EDGE_OK;
}

edge_status edge_check_run(edge_model *model, const edge_run_options *options)
{
    if (model->fresh_step != edge_step_count)
        return edge_fail(model, EDGE_ERROR_ARGUMENT,
                         "the model can't be run inside its observer; use a second instance");
    for (size_t i = 0; options && i < sizeof options->reserved / sizeof *options->reserved; i++)
        if (options->reserved[i])
            return edge_fail(model, EDGE_ERROR_ARGUMENT, "a reserved option of the run is not zero; set it to zero");
    return EDGE_OK;
}

edge_memory edge_memory_of(const edge_model *model, unsigned thread)
{
    return (edge_memory){
        .arena = model->arena,
        .weights = edge_weights,
        .originals = edge_originals,
        .prepared = model->prepared,
        .scratch = model->scratch + thread * model->scratch_stride,
    };
}

typedef struct step_job {
    const edge_model *model;
    edge_step_function function;
} step_job;

static void run_part(void *context, unsigned part, unsigned parts, unsigned thread)
{
    const step_job *job = context;
    const edge_memory memory = edge_memory_of(job->model, thread);
    job->function(&memory, (int)part, (int)parts);
}

void edge_run_function(const edge_model *model, edge_step_function function, unsigned most_parts)
{
    step_job job = {model, function};
    edge_pool_run(model->pool, run_part, &job, most_parts);
}

static edge_status run_step(edge_model *model, uint32_t index)
{
    const edge_step *step = &model->program->steps[index];
    char reason[200] = "";
    if (step->run)
        edge_run_function(model, step->run, step->parts);
    else if (!edge_backends_run(model->backends, step->backend, index, reason, sizeof reason))
        return edge_fail(model, EDGE_ERROR_LIBRARY, "step %u failed: %s", index, reason);
    return EDGE_OK;
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static edge_status run_observed_step(edge_model *model, uint32_t index, const edge_run_options *options)
{
    const uint64_t start = nanoseconds();
    const edge_status status = run_step(model, index);
    const uint64_t duration = nanoseconds() - start;
    if (status != EDGE_OK)
        return status;
    model->fresh_step = index;
    options->observer(options->user, model, index, duration);
    model->fresh_step = edge_step_count;
    return EDGE_OK;
}

edge_status edge_run_steps(edge_model *model, const edge_tensor *outputs, const edge_run_options *options)
{
    const int observed = options && options->observer;
    for (uint32_t i = 0; i < edge_step_count; i++) {
        const edge_status status = observed ? run_observed_step(model, i, options) : run_step(model, i);
        if (status != EDGE_OK)
            return status;
    }
    for (uint32_t i = 0; i < edge_output_count; i++)
        edge_tensor_export(&edge_values[edge_outputs[i]], model->arena, outputs[i].data);
    return EDGE_OK;
}

typedef struct import_job {
    const edge_value *value;
    unsigned char *arena;
    const void *source;
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

edge_status edge_run(edge_model *model, const edge_tensor *inputs, uint32_t input_count, const edge_tensor *outputs,
                     uint32_t output_count, const edge_run_options *options)
{
    if (!model)
        return EDGE_ERROR_ARGUMENT;
    edge_status status = edge_check_run(model, options);
    if (status == EDGE_OK)
        status = edge_check_tensors(model, "input", inputs, input_count, edge_inputs, edge_input_count, 1);
    if (status == EDGE_OK)
        status = edge_check_tensors(model, "output", outputs, output_count, edge_outputs, edge_output_count, 1);
    if (status != EDGE_OK)
        return status;
    edge_pool_enter(model->pool);
    for (uint32_t i = 0; i < edge_input_count; i++) import_input(model, &edge_values[edge_inputs[i]], inputs[i].data);
    status = edge_run_steps(model, outputs, options);
    edge_pool_leave(model->pool);
    return status;
}

edge_status edge_read_step(edge_model *model, uint32_t step, const edge_tensor *destination)
{
    if (!model)
        return EDGE_ERROR_ARGUMENT;
    if (step >= edge_step_count || step != model->fresh_step)
        return edge_fail(
            model, EDGE_ERROR_ARGUMENT,
            "step %u can't be read now; call edge_read_step() inside the observer, for the step it is told", step);
    const uint32_t value = model->program->steps[step].value;
    const edge_status status = edge_check_tensors(model, "destination", destination, 1, &value, 1, 1);
    if (status == EDGE_OK)
        edge_tensor_export(&edge_values[value], model->arena, destination->data);
    return status;
}
