/* regions.c - classify regions of an NV12 frame in one call, on threads that other models could share:
 *
 *     gcc -I edge_compiler/targets/include docs/regions.c -o regions -ldl
 *     ./regions model.edge/model.so frame.nv12 640 480  0 0 320 240  320 240 640 480
 *
 * prints the best class and its score for each region, given by left, top, right and bottom.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge_model.h"

#define FAIL(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(1))

/* Find a function of the interface, or end the program. */
#define FIND(name) __typeof__(name) *const name##_ = find(library, #name)

enum { MOST_REGIONS = 16, MOST_SIZES = 8 };

static void *find(void *library, const char *name)
{
    void *function = dlsym(library, name);
    if (!function)
        FAIL("the library has no %s: it is not a compiled model", name);
    return function;
}

/* The sizes of the first tensor of a list; the description is JSON without spaces between tokens. */
static int read_shape(const char *description, const char *list, size_t *sizes)
{
    char *text = strstr(strstr(description, list), "\"shape\":[") + strlen("\"shape\":");
    int count = 0;
    while (*text != ']' && count < MOST_SIZES) sizes[count++] = strtoul(text + 1, &text, 10);
    return count;
}

static size_t best_of(const float *scores, size_t classes)
{
    size_t best = 0;
    for (size_t i = 1; i < classes; i++) best = scores[i] > scores[best] ? i : best;
    return best;
}

int main(int argc, char **argv)
{
    const int regions = (argc - 5) / 4;
    if (argc < 9 || argc % 4 != 1 || regions > MOST_REGIONS)
        FAIL("usage: %s MODEL.so FRAME.nv12 WIDTH HEIGHT (LEFT TOP RIGHT BOTTOM)...", argv[0]);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        FAIL("%s", dlerror());
    FIND(edge_abi_version);
    if (edge_abi_version_() != EDGE_ABI_VERSION)
        FAIL("%s has another interface version than %u; compile the model again", argv[1], EDGE_ABI_VERSION);
    FIND(edge_describe);
    FIND(edge_executor_create);
    FIND(edge_executor_destroy);
    FIND(edge_create);
    FIND(edge_run_frame);
    FIND(edge_last_error);
    FIND(edge_destroy);

    /* The frame as the camera gives it: rows of Y, then half as many rows of U and V. */
    const uint32_t width = (uint32_t)atoi(argv[3]), height = (uint32_t)atoi(argv[4]);
    const size_t bytes = (size_t)width * height * 3 / 2;
    uint8_t *pixels = malloc(bytes + 1);
    FILE *file = fopen(argv[2], "rb");
    if (!file || !pixels || fread(pixels, 1, bytes, file) != bytes)
        FAIL("%s is no frame of %u x %u pixels", argv[2], width, height);
    fclose(file);
    const edge_frame frame = {
        .data = pixels, .bytes = bytes, .width = width, .height = height, .stride = width, .encoding = EDGE_NV12};

    /* From pixels of the model's input, whose shape is 1 x channels x height x width, to pixels of the frame. */
    size_t input[MOST_SIZES], output[MOST_SIZES], classes = 1;
    if (read_shape(edge_describe_(), "\"inputs\":", input) != 4)
        FAIL("%s takes no image", argv[1]);
    edge_region maps[MOST_REGIONS];
    for (int i = 0; i < regions; i++) {
        char **box = argv + 5 + 4 * i;
        const float left = strtof(box[0], NULL), top = strtof(box[1], NULL);
        const float x_scale = (strtof(box[2], NULL) - left) / (float)input[3];
        const float y_scale = (strtof(box[3], NULL) - top) / (float)input[2];
        maps[i] = (edge_region){{x_scale, 0, left, 0, y_scale, top}};
    }

    char error[256];
    edge_executor *executor;
    const edge_executor_options threads = {.abi_version = EDGE_ABI_VERSION, .threads = 2};
    if (edge_executor_create_(&threads, &executor, error, sizeof error) != EDGE_OK)
        FAIL("%s", error);
    edge_model *model;
    const edge_options options = {.abi_version = EDGE_ABI_VERSION, .executor = executor, .priority = 1};
    if (edge_create_(&options, &model, error, sizeof error) != EDGE_OK)
        FAIL("%s", error);

    for (int i = read_shape(edge_describe_(), "\"outputs\":", output); i-- > 0;) classes *= output[i];
    float *scores = calloc(classes * (size_t)regions, sizeof *scores);
    edge_tensor tensors[MOST_REGIONS];
    for (int i = 0; i < regions; i++)
        tensors[i] = (edge_tensor){
            .data = scores + classes * (size_t)i, .bytes = classes * sizeof *scores, .element = EDGE_FLOAT32};
    if (!scores || edge_run_frame_(model, &frame, maps, (uint32_t)regions, tensors, (uint32_t)regions, NULL) != EDGE_OK)
        FAIL("%s", edge_last_error_(model));
    for (int i = 0; i < regions; i++) {
        const float *own = scores + classes * (size_t)i;
        printf("%zu %f\n", best_of(own, classes), (double)own[best_of(own, classes)]);
    }

    edge_destroy_(model); /* before the threads that it uses */
    edge_executor_destroy_(executor);
    free(scores);
    free(pixels);
    return 0;
}
