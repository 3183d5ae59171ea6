/* frame.c - camera frames as the network's input: what is refused, and the interface's two functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <string.h>

#include "instance.h"
#include "region.h"
#include "tensor.h"

enum {
    LARGEST_SIDE = 16384,
    ROWS_PER_PART = 8,
    SPARSE = 8 /* columns of the frame for one of the input */
};

static edge_status check_frame(edge_model *model, const edge_frame *frame)
{
    if (!edge_preprocessing_spec.available || edge_input_count != 1)
        return edge_fail(model, EDGE_ERROR_ARGUMENT,
                         "the model has no single image input; give it tensors: edge_run()");
    if (!frame || !frame->data)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame is a null pointer; pass the camera's image");
    const edge_pixel_format *format = edge_pixels_format(frame->encoding);
    if (!format)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame's encoding %u is none of edge_encoding's 0..%u",
                         frame->encoding, edge_pixels_encodings() - 1);
    if (frame->width < 1 || frame->height < 1 || frame->width > LARGEST_SIDE || frame->height > LARGEST_SIDE)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame is %u x %u pixels; each side must be 1..%d", frame->width,
                         frame->height, LARGEST_SIDE);
    for (size_t i = 0; i < sizeof frame->reserved / sizeof *frame->reserved; i++)
        if (frame->reserved[i])
            return edge_fail(model, EDGE_ERROR_FRAME, "a reserved field of the frame is not zero; set it to zero");
    const size_t row_bytes = (size_t)frame->width * format->bytes;
    if (frame->stride < row_bytes || frame->stride > PTRDIFF_MAX / 2 / frame->height)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame's stride is %zu bytes; %u pixels of %s need at least %zu",
                         frame->stride, frame->width, format->name, row_bytes);
    if ((format->even && frame->width % 2) || (format->planar && frame->height % 2))
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame is %u x %u pixels; %s needs an even width%s", frame->width,
                         frame->height, format->name, format->planar ? " and height" : "");
    if (frame->width < format->least || frame->height < format->least)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame is %u x %u pixels; %s needs at least %d x %d",
                         frame->width, frame->height, format->name, format->least, format->least);
    const size_t rows = format->planar ? frame->height + frame->height / 2 : frame->height;
    const size_t bytes = frame->stride * (rows - 1) + row_bytes;
    if (frame->bytes < bytes)
        return edge_fail(model, EDGE_ERROR_FRAME, "the frame has %zu bytes; %zu rows of %zu bytes need at least %zu",
                         frame->bytes, rows, frame->stride, bytes);
    return EDGE_OK;
}

/* Check a call's regions; NULL is the whole picture. */
static edge_status check_regions(edge_model *model, const edge_region *regions, uint32_t count)
{
    if (!regions && count > 1)
        return edge_fail(model, EDGE_ERROR_ARGUMENT, "the call has a null pointer for %u regions; pass every one",
                         count);
    for (uint32_t i = 0; regions && i < count; i++)
        for (int k = 0; k < 6; k++)
            if (!isfinite(regions[i].map[k]))
                return edge_fail(model, EDGE_ERROR_ARGUMENT, "number %d of region %u's map is %g; it must be finite", k,
                                 i, (double)regions[i].map[k]);
    return EDGE_OK;
}

/* The memory of an input of floats as an image, whether its value keeps the image's shape or is dense. */
static edge_image locate_image(const edge_preprocessing *spec, const edge_value *value, unsigned char *arena)
{
    const size_t channels = (size_t)spec->channels;
    float *origin = (float *)(arena + value->offset);
    if (spec->channels_last)
        return (edge_image){origin, spec->width * channels, channels, 1};
    if (value->height != spec->height || value->width != spec->width)
        return (edge_image){origin, spec->width, 1, (size_t)spec->height * spec->width};
    return (edge_image){origin, value->row, value->block, value->block == 1 ? value->plane : 1};
}

/* Zero what no pixel is written to: the halo, and in a blocked value the channels that the image has not. */
static void clear_rest(const edge_value *value, unsigned char *arena)
{
    edge_tensor_clear_halo(value, arena, 0, value->height);
    for (size_t y = 0; value->block != 1 && y < value->height; y++)
        memset(arena + value->offset + y * value->row * sizeof(float), 0,
               (size_t)value->width * value->block * sizeof(float));
}

typedef struct frame_job {
    const edge_model *model;
    const edge_frame *frame;
    const edge_region *scattered; /* NULL: what the resizer was prepared for */
    edge_image image;
} frame_job;

static void fill_rows(const frame_job *job, const edge_image *image, uint32_t first, uint32_t last, edge_rows *rows)
{
    const edge_preprocessing *spec = &edge_preprocessing_spec;
    if (job->scattered)
        edge_region_fill(spec, job->frame, job->scattered, image, first, last);
    else
        edge_resizer_fill(&job->model->resizer, spec, job->frame, image, first, last, rows);
}

/* Round to bytes. */
static void store_bytes(const float *from, size_t count, unsigned char *to)
{
    for (size_t i = 0; i < count; i++) {
        const float number = from[i] < 0 ? 0 : from[i] > 255 ? 255 : from[i];
        to[i] = (unsigned char)(number + 0.5f);
    }
}

/* Fill rows of an input of bytes, which is dense: each row is made of floats in the thread's private memory first. */
static void fill_bytes(const frame_job *job, uint32_t first, uint32_t last, edge_rows *rows, unsigned thread)
{
    const edge_preprocessing *spec = &edge_preprocessing_spec;
    const size_t width = spec->width, channels = (size_t)spec->channels;
    float *const row = (float *)edge_memory_of(job->model, thread).scratch;
    const edge_image line = {row, 0, spec->channels_last ? channels : 1, spec->channels_last ? 1 : width};
    unsigned char *const bytes = job->model->arena + edge_values[edge_inputs[0]].offset;
    for (uint32_t y = first; y < last; y++) {
        fill_rows(job, &line, y, y + 1, rows);
        if (spec->channels_last)
            store_bytes(row, width * channels, bytes + y * width * channels);
        for (size_t c = 0; !spec->channels_last && c < channels; c++)
            store_bytes(row + c * width, width, bytes + (c * spec->height + y) * width);
    }
}

static void fill_part(void *context, unsigned part, unsigned parts, unsigned thread)
{
    const frame_job *job = context;
    const uint64_t height = edge_preprocessing_spec.height;
    const uint32_t first = (uint32_t)(height * part / parts), last = (uint32_t)(height * (part + 1) / parts);
    edge_rows rows = {0};
    if (!job->scattered)
        rows = edge_resizer_begin(&job->model->resizer, thread);
    if (edge_values[edge_inputs[0]].element == EDGE_UINT8)
        fill_bytes(job, first, last, &rows, thread);
    else
        fill_rows(job, &job->image, first, last, &rows);
}

/* Whether it is better to read the pixels around each sample than whole rows: the region is turned, or so large that most of
 * a row would be read in vain. */
static int is_scattered(const edge_region *region)
{
    return region && (region->map[1] != 0 || region->map[3] != 0 || fabsf(region->map[0]) > SPARSE);
}

/* Convert a region of a (valid) frame into the input's place in the arena. */
static edge_status import_region(edge_model *model, const edge_frame *frame, const edge_region *region)
{
    const edge_preprocessing *spec = &edge_preprocessing_spec;
    const edge_value *value = &edge_values[edge_inputs[0]];
    const int scattered = is_scattered(region);
    if (!scattered && !edge_resizer_prepare(&model->resizer, spec, frame, region, edge_pool_threads(model->pool)))
        return edge_fail(model, EDGE_ERROR_MEMORY, "no memory to convert frames of %u x %u pixels", frame->width,
                         frame->height);
    clear_rest(value, model->arena);
    frame_job job = {model, frame, scattered ? region : NULL, locate_image(spec, value, model->arena)};
    edge_pool_run(model->pool, fill_part, &job, spec->height / ROWS_PER_PART);
    return EDGE_OK;
}

edge_status edge_run_frame(edge_model *model, const edge_frame *frame, const edge_region *regions,
                           uint32_t region_count, const edge_tensor *outputs, uint32_t output_count,
                           const edge_run_options *options)
{
    if (!model)
        return EDGE_ERROR_ARGUMENT;
    edge_status status = edge_check_run(model, options);
    if (status == EDGE_OK)
        status = check_frame(model, frame);
    if (status == EDGE_OK)
        status = check_regions(model, regions, region_count);
    if (status == EDGE_OK)
        status =
            edge_check_tensors(model, "output", outputs, output_count, edge_outputs, edge_output_count, region_count);
    if (status != EDGE_OK)
        return status;
    edge_pool_enter(model->pool);
    for (uint32_t i = 0; i < region_count && status == EDGE_OK; i++) {
        status = import_region(model, frame, regions ? &regions[i] : NULL);
        if (status == EDGE_OK)
            status = edge_run_steps(model, outputs + (size_t)i * edge_output_count, options);
    }
    edge_pool_leave(model->pool);
    return status;
}

edge_status edge_preprocess(edge_model *model, const edge_frame *frame, const edge_region *region,
                            const edge_tensor *destination)
{
    if (!model)
        return EDGE_ERROR_ARGUMENT;
    edge_status status = edge_check_run(model, NULL);
    if (status == EDGE_OK)
        status = check_frame(model, frame);
    if (status == EDGE_OK)
        status = check_regions(model, region, 1);
    if (status == EDGE_OK)
        status = edge_check_tensors(model, "destination", destination, 1, edge_inputs, 1, 1);
    if (status != EDGE_OK)
        return status;
    edge_pool_enter(model->pool);
    status = import_region(model, frame, region);
    edge_pool_leave(model->pool);
    if (status == EDGE_OK)
        edge_tensor_export(&edge_values[edge_inputs[0]], model->arena, destination->data);
    return status;
}
