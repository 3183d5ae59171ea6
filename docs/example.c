/* example.c - say what is on a picture (PPM, P6), with a compiled model and without Python:
 *
 *     gcc -I edge_compiler/targets/include docs/example.c -o example -ldl
 *     ./example squeezenet.edge/model.so picture.ppm
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge_model.h"

#define FAIL(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(1))

/* Number of elements of the first output. The description is JSON without spaces between tokens. */
static size_t output_elements(const char *description)
{
    char *shape = strstr(strstr(description, "\"outputs\":"), "\"shape\":[") + strlen("\"shape\":");
    size_t elements = 1;
    while (*shape != ']') elements *= strtoul(shape + 1, &shape, 10);
    return elements ? elements : 1; /* a scalar's shape is [] */
}

static void print_label(const char *description, size_t index)
{
    const char *label = strstr(description, "\"labels\":[\"");
    for (label += label ? strlen("\"labels\":[\"") : 0; label && index; index--)
        label = strstr(label, "\",\"") ? strstr(label, "\",\"") + 3 : NULL;
    printf("%.*s\n", label ? (int)strcspn(label, "\"") : 0, label ? label : "");
}

int main(int argc, char **argv)
{
    if (argc != 3)
        FAIL("usage: %s MODEL.so PICTURE.ppm", argv[0]);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        FAIL("%s", dlerror());
    __typeof__(edge_abi_version) *abi_version = dlsym(library, "edge_abi_version");
    if (!abi_version || abi_version() != EDGE_ABI_VERSION)
        FAIL("%s has not interface version %u; compile the model again: edgec compile MODEL -o OUT.edge", argv[1],
             EDGE_ABI_VERSION);
    __typeof__(edge_describe) *describe = dlsym(library, "edge_describe");
    __typeof__(edge_create) *create = dlsym(library, "edge_create");
    __typeof__(edge_run_frame) *run_frame = dlsym(library, "edge_run_frame");
    __typeof__(edge_last_error) *last_error = dlsym(library, "edge_last_error");
    __typeof__(edge_destroy) *destroy = dlsym(library, "edge_destroy");
    if (!describe || !create || !run_frame || !last_error || !destroy)
        FAIL("%s is not a compiled model", argv[1]);

    edge_frame frame = {.encoding = EDGE_RGB8};
    FILE *file = fopen(argv[2], "rb");
    if (!file || fscanf(file, "P6 %5u %5u 255%*c", &frame.width, &frame.height) != 2)
        FAIL("%s is no P6 picture of 8 bits", argv[2]);
    frame.stride = 3 * (size_t)frame.width;
    uint8_t *pixels = malloc(frame.stride * frame.height + 1);
    if (!pixels || fread(pixels, frame.stride, frame.height, file) != frame.height)
        FAIL("%s ends too early", argv[2]);
    fclose(file);
    frame.data = pixels;
    frame.bytes = frame.stride * frame.height;

    char error[256];
    edge_model *model;
    const edge_options options = {.abi_version = EDGE_ABI_VERSION};
    if (create(&options, &model, error, sizeof error) != EDGE_OK)
        FAIL("%s", error);
    const char *type = strstr(strstr(describe(), "\"outputs\":"), "\"dtype\":\"") + strlen("\"dtype\":\"");
    if (strncmp(type, "float32\"", strlen("float32\"")) != 0)
        FAIL("the output of %s is %.*s, but this program reads scores, float32", argv[1], (int)strcspn(type, "\""),
             type);
    const size_t classes = output_elements(describe());
    float *scores = calloc(classes, sizeof *scores);
    const edge_tensor output = {.data = scores, .bytes = classes * sizeof *scores, .element = EDGE_FLOAT32};
    if (!scores || run_frame(model, &frame, NULL, 1, &output, 1, NULL) != EDGE_OK)
        FAIL("%s", last_error(model));

    size_t best = 0;
    for (size_t i = 1; i < classes; i++) best = scores[i] > scores[best] ? i : best;
    printf("%zu %f ", best, (double)scores[best]);
    print_label(describe(), best);
    destroy(model);
    free(scores);
    free(pixels);
    return 0;
}
