/* frame.c - camera frames as the network's input: what is refused, and the interface's two functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "instance.h"
#include "tensor.h"

enum { LARGEST_SIDE = 16384, ROWS_PER_PART = 8 };

static const char *const encoding_names[] = {"rgb8", "bgr8", "rgba8", "bgra8", "mono8", "yuyv"};
enum { ENCODINGS = sizeof encoding_names / sizeof *encoding_names };

static edge_status check_frame(edge_model *model, const edge_frame *frame)
{
    if (!edge_preprocessing_spec.available || edge_input_count != 1)
        return edge_fail(model, EDGE_ERROR_ARGUMENT, "the model has no single image input; give it tensors: edge_run()");
    if (!frame || !frame->data)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame is a null pointer; pass the camera's image");
    if (frame->encoding >= ENCODINGS)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame's encoding %u is none of edge_encoding's 0..%d",
                         frame->encoding, ENCODINGS - 1);
    if (frame->width < 1 || frame->height < 1 || frame->width > LARGEST_SIDE || frame->height > LARGEST_SIDE)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame is %u x %u pixels; each side must be 1..%d", frame->width,
                         frame->height, LARGEST_SIDE);
    for (size_t i = 0; i < sizeof frame->reserved / sizeof *frame->reserved; i++)
        if (frame->reserved[i])
            return edge_fail(model, EDGE_ERROR_FRAME, "a reserved field of the frame is not zero; set it to zero");
    const size_t row_bytes = (size_t)frame->width * edge_pixel_bytes(frame->encoding);
    if (frame->stride < row_bytes || frame->stride > PTRDIFF_MAX / frame->height)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame's stride is %zu bytes; %u pixels of %s need at least %zu",
                         frame->stride, frame->width, encoding_names[frame->encoding], row_bytes);
    const size_t bytes = frame->stride * (frame->height - 1) + row_bytes;
    if (frame->bytes < bytes)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame has %zu bytes; %u rows of %zu bytes need at least %zu",
                         frame->bytes, frame->height, frame->stride, bytes);
    if (frame->encoding == EDGE_YUYV && frame->width % 2)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame is %u pixels wide; yuyv needs an even width", frame->width);
    return EDGE_OK;
}

/* The input's memory as an image, whether its value keeps the image's shape or is dense. */
static edge_image locate_image(const edge_preprocessing *spec, const edge_value *value, float *arena)
{
    const size_t channels = (size_t)spec->channels;
    float *origin = arena + value->offset;
    if (spec->channels_last)
        return (edge_image){origin, spec->width * channels, channels, 1};
    if (value->height != spec->height || value->width != spec->width)
        return (edge_image){origin, spec->width, 1, (size_t)spec->height * spec->width};
    return (edge_image){origin, value->row, value->block, value->block == 1 ? value->plane : 1};
}

/* Zero what no pixel is written to: the halo, and in a blocked value the channels that the image has not. */
static void clear_rest(const edge_value *value, float *arena)
{
    edge_tensor_clear_halo(value, arena, 0, value->height);
    for (size_t y = 0; value->block != 1 && y < value->height; y++)
        for (size_t i = 0; i < (size_t)value->width * value->block; i++)
            arena[value->offset + y * value->row + i] = 0;
}

typedef struct frame_job {
    const edge_model *model;
    const edge_frame *frame;
    edge_image image;
} frame_job;

static void fill_part(void *context, unsigned part, unsigned parts, unsigned thread)
{
    const frame_job *job = context;
    const edge_preprocessing *spec = &edge_preprocessing_spec;
    const uint32_t first = (uint32_t)((uint64_t)spec->height * part / parts);
    const uint32_t last = (uint32_t)((uint64_t)spec->height * (part + 1) / parts);
    edge_resizer_fill(&job->model->resizer, spec, job->frame, &job->image, first, last, thread);
}

/* Convert the frame into the input's place in the arena. */
static edge_status import_frame(edge_model *model, const edge_frame *frame)
{
    const edge_preprocessing *spec = &edge_preprocessing_spec;
    const edge_value *value = &edge_values[edge_inputs[0]];
    edge_status status = check_frame(model, frame);
    if (status != EDGE_OK)
        return status;
    if (!edge_resizer_prepare(&model->resizer, spec, frame, edge_pool_threads(model->pool)))
        return edge_fail(model, EDGE_ERROR_MEMORY, "no memory to convert frames of %u x %u pixels", frame->width,
                         frame->height);
    clear_rest(value, model->arena);
    frame_job job = {model, frame, locate_image(spec, value, model->arena)};
    edge_pool_run(model->pool, fill_part, &job, spec->height / ROWS_PER_PART);
    return EDGE_OK;
}

edge_status edge_run_frame(edge_model *model, const edge_frame *frame, const edge_tensor *outputs,
                           uint32_t output_count, const edge_run_options *options)
{
    if (!model)
        return EDGE_ERROR_ARGUMENT;
    edge_status status = edge_check_run(model, options);
    if (status == EDGE_OK)
        status = edge_check_tensors(model, "output", outputs, output_count, edge_outputs, edge_output_count);
    if (status == EDGE_OK)
        status = import_frame(model, frame);
    return status == EDGE_OK ? edge_run_steps(model, outputs, options) : status;
}

edge_status edge_preprocess(edge_model *model, const edge_frame *frame, const edge_tensor *destination)
{
    if (!model)
        return EDGE_ERROR_ARGUMENT;
    edge_status status = edge_check_run(model, NULL);
    if (status == EDGE_OK)
        status = edge_check_tensors(model, "destination", destination, 1, edge_inputs, 1);
    if (status == EDGE_OK)
        status = import_frame(model, frame);
    if (status == EDGE_OK)
        edge_tensor_export(&edge_values[edge_inputs[0]], model->arena, destination->data);
    return status;
}
