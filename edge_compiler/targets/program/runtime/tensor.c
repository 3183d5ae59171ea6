/* tensor.c - between dense tensors and the arena's blocked values with halos.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tensor.h"

#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} elements[] = {
    [EDGE_FLOAT32] = {"float32", 4},   [EDGE_UINT8] = {"uint8", 1},   [EDGE_INT8] = {"int8", 1},
    [EDGE_UINT16] = {"uint16", 2},     [EDGE_INT16] = {"int16", 2},   [EDGE_INT32] = {"int32", 4},
    [EDGE_INT64] = {"int64", 8},       [EDGE_BOOL] = {"bool", 1},     [EDGE_FLOAT16] = {"float16", 2},
    [EDGE_FLOAT64] = {"float64", 8},   [EDGE_UINT32] = {"uint32", 4}, [EDGE_UINT64] = {"uint64", 8},
    [EDGE_BFLOAT16] = {"bfloat16", 2},
};

size_t edge_element_bytes(uint32_t element)
{
    return element < sizeof elements / sizeof *elements ? elements[element].bytes : 0;
}

const char *edge_element_name(uint32_t element)
{
    return edge_element_bytes(element) ? elements[element].name : "none of edge_element's";
}

/* Where an image of a value begins. */
static unsigned char *image_of(const edge_value *value, unsigned char *arena, uint32_t image)
{
    return arena + value->offset + image * value->image * edge_element_bytes(value->element);
}

/* Clear the halo of rows, of which some may be above or below the image. */
static void clear_halo(const edge_value *value, unsigned char *image, ptrdiff_t begin, ptrdiff_t end)
{
    const ptrdiff_t bytes = (ptrdiff_t)edge_element_bytes(value->element), pixel = value->block * bytes;
    const ptrdiff_t left = value->halo_left * pixel, row = (ptrdiff_t)value->row * bytes;
    const ptrdiff_t channels = value->channels, height = value->height, width = value->width * pixel;
    for (ptrdiff_t c = 0; c < channels; c += value->block) {
        unsigned char *plane = image + c / value->block * (ptrdiff_t)value->plane * bytes;
        unsigned char *zeros = plane + begin * row - left; /* up to the next row of the image */
        for (ptrdiff_t y = begin < 0 ? 0 : begin; y < end && y < height; y++) {
            unsigned char *line = plane + y * row;
            memset(zeros, 0, (size_t)(line - zeros));
            zeros = line + width;
        }
        memset(zeros, 0, (size_t)(plane + end * row - left - zeros));
    }
}

void edge_tensor_clear_halo(const edge_value *value, unsigned char *arena, uint32_t first, uint32_t last)
{
    const ptrdiff_t top = value->halo_top, bottom = value->halo_bottom, height = value->height;
    const ptrdiff_t begin = first == 0 ? -top : (ptrdiff_t)first;
    const ptrdiff_t end = last == value->height ? height + bottom : (ptrdiff_t)last;
    if (!(value->halo_top | value->halo_bottom | value->halo_left | value->halo_right))
        return;
    for (uint32_t n = 0; n < value->images; n++) clear_halo(value, image_of(value, arena, n), begin, end);
}

/* Whether the value lies in the arena just as in a dense tensor. */
static int is_dense(const edge_value *value)
{
    return value->block == 1 && value->row == value->width && value->plane == value->height * value->row &&
           (value->images == 1 || value->image == (size_t)value->channels * value->plane);
}

/* Elements of one image. */
static size_t image_elements(const edge_value *value) { return (size_t)value->channels * value->height * value->width; }

size_t edge_tensor_bytes(const edge_value *value)
{
    return value->images * image_elements(value) * edge_element_bytes(value->element);
}

static inline void copy_elements(unsigned char *to, size_t to_step, const unsigned char *from, size_t from_step,
                                 size_t count, size_t bytes)
{
    for (size_t i = 0; i < count; i++) memcpy(to + i * to_step * bytes, from + i * from_step * bytes, bytes);
}

/* Copy elements of so many bytes that lie some elements apart, from each other and from those of the other side. */
static void copy(unsigned char *to, size_t to_step, const unsigned char *from, size_t from_step, size_t count,
                 size_t bytes)
{
    if (to_step == 1 && from_step == 1)
        memcpy(to, from, count * bytes);
    else if (bytes == 4) /* the size is a constant in each call: one instruction moves an element */
        copy_elements(to, to_step, from, from_step, count, 4);
    else if (bytes == 1)
        copy_elements(to, to_step, from, from_step, count, 1);
    else if (bytes == 2)
        copy_elements(to, to_step, from, from_step, count, 2);
    else
        copy_elements(to, to_step, from, from_step, count, 8);
}

static void import_rows(const edge_value *value, unsigned char *image, const unsigned char *source, uint32_t first,
                        uint32_t last)
{
    const size_t block = value->block, width = value->width, area = (size_t)value->height * width;
    const size_t bytes = edge_element_bytes(value->element);
    for (size_t channel = 0; channel < value->channels; channel += block) {
        const size_t filled = value->channels - channel < block ? value->channels - channel : block;
        for (size_t y = first; y < last; y++) {
            const unsigned char *from = source + (channel * area + y * width) * bytes;
            unsigned char *to = image + (channel / block * value->plane + y * value->row) * bytes;
            if (filled < block)
                memset(to, 0, width * block * bytes);
            for (size_t lane = 0; lane < filled; lane++)
                copy(to + lane * bytes, block, from + lane * area * bytes, 1, width, bytes);
        }
    }
}

void edge_tensor_import_rows(const edge_value *value, unsigned char *arena, const void *source, uint32_t first,
                             uint32_t last)
{
    const size_t bytes = image_elements(value) * edge_element_bytes(value->element);
    if (is_dense(value) && first == 0 && last == value->height) {
        memcpy(arena + value->offset, source, edge_tensor_bytes(value));
        return;
    }
    edge_tensor_clear_halo(value, arena, first, last);
    for (uint32_t n = 0; n < value->images; n++)
        import_rows(value, image_of(value, arena, n), (const unsigned char *)source + n * bytes, first, last);
}

void edge_tensor_export(const edge_value *value, const unsigned char *arena, void *destination)
{
    const size_t block = value->block, width = value->width, bytes = edge_element_bytes(value->element);
    unsigned char *to = destination;
    if (is_dense(value)) {
        memcpy(to, arena + value->offset, edge_tensor_bytes(value));
        return;
    }
    for (size_t n = 0; n < value->images; n++)
        for (size_t c = 0; c < value->channels; c++)
            for (size_t y = 0; y < value->height; y++, to += width * bytes) {
                const size_t at = n * value->image + c / block * value->plane + y * value->row + c % block;
                copy(to, 1, arena + value->offset + at * bytes, block, width, bytes);
            }
}
