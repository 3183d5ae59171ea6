/* first.c - a robot's program at its leanest: load a compiled model, run it once, say how much memory that took:
 *
 *     cc -O2 -I edge_compiler/targets/include bench/first.c -o first -ldl
 *     ./first MODEL.so THREADS IMAGE-AS-RAW-FLOATS ELEMENTS-OF-OUTPUT...
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "edge_model.h"

#define FAIL(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(1))

int main(int argc, char **argv)
{
    enum { FIRST_OUTPUT = 4, OUTPUTS = 16 };
    if (argc <= FIRST_OUTPUT || argc > FIRST_OUTPUT + OUTPUTS)
        FAIL("usage: %s MODEL.so THREADS IMAGE ELEMENTS...", argv[0]);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        FAIL("%s", dlerror());
    __typeof__(edge_create) *create = dlsym(library, "edge_create");
    __typeof__(edge_run) *run = dlsym(library, "edge_run");
    __typeof__(edge_last_error) *last_error = dlsym(library, "edge_last_error");
    __typeof__(edge_destroy) *destroy = dlsym(library, "edge_destroy");
    if (!create || !run || !last_error || !destroy)
        FAIL("%s is not a compiled model", argv[1]);

    struct stat status;
    const int file = open(argv[3], O_RDONLY);
    if (file < 0 || fstat(file, &status))
        FAIL("%s can't be read", argv[3]);
    edge_tensor image = {.bytes = (size_t)status.st_size, .element = EDGE_FLOAT32};
    image.data = mmap(NULL, image.bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (image.data == MAP_FAILED)
        FAIL("%s can't be read", argv[3]);
    edge_tensor outputs[OUTPUTS];
    const uint32_t output_count = (uint32_t)(argc - FIRST_OUTPUT);
    for (uint32_t i = 0; i < output_count; i++) {
        const size_t elements = strtoul(argv[FIRST_OUTPUT + i], NULL, 10);
        outputs[i] = (edge_tensor){calloc(elements, sizeof(float)), elements * sizeof(float), EDGE_FLOAT32, 0};
        if (!outputs[i].data)
            FAIL("no memory");
    }

    char text[256];
    edge_model *model;
    const edge_options options = {.abi_version = EDGE_ABI_VERSION, .threads = (uint32_t)strtoul(argv[2], NULL, 10)};
    if (create(&options, &model, text, sizeof text) != EDGE_OK)
        FAIL("%s", text);
    if (run(model, &image, 1, outputs, output_count, NULL) != EDGE_OK)
        FAIL("%s", last_error(model));
    destroy(model);

    FILE *self = fopen("/proc/self/status", "r");
    while (self && fgets(text, sizeof text, self))
        if (!strncmp(text, "VmHWM:", 6))
            printf("%lu\n", strtoul(text + 6, NULL, 10));
    return 0;
}
