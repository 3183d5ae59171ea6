/* driver.c - uses every function of edge_model.h, from several threads: to be run under sanitizers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge_model.h"

enum { USERS = 6, ROUNDS = 20, ELEMENTS = CHANNELS * HEIGHT * WIDTH };

#define CHECK(condition)                                                             \
    do {                                                                             \
        if (!(condition)) {                                                          \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                 \
        }                                                                            \
    } while (0)

static edge_tensor tensor(float *data) { return (edge_tensor){data, ELEMENTS * sizeof *data, EDGE_FLOAT32, 0}; }

static void observe(void *user, edge_model *model, uint32_t step, uint64_t nanoseconds)
{
    const edge_tensor destination = tensor(user);
    (void)nanoseconds;
    CHECK(edge_read_step(model, step + 1, &destination) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_read_step(model, step, NULL) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_run(model, &destination, 1, NULL, 0, NULL) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_read_step(model, step, &destination) == EDGE_OK);
}

/* Regions far and near: a read outside of the frame is found by the sanitizer. */
static void run_regions(edge_model *model, const edge_frame *frame, const edge_tensor *outputs,
                        const edge_tensor *input, edge_status expected)
{
    static const float scales[] = {0, 1e-30f, 0.1f, -1, 3.7f, 1e6f, -3e38f},
                       shifts[] = {0, -0.5f, 17, 63.999f, 1e9f, 3e38f};
    for (int i = 0; i < 40; i++) {
        const edge_region region = {{scales[i % 7], scales[i * 3 % 7], shifts[i % 6], scales[i * 5 % 7],
                                     scales[(i + 2) % 7], shifts[i * 5 % 6]}};
        CHECK(edge_preprocess(model, frame, &region, input) == expected);
        edge_region upright = region;
        upright.map[1] = upright.map[3] = 0;
        CHECK(edge_preprocess(model, frame, &upright, input) == expected);
    }
    const edge_region whole = {{(float)frame->width / WIDTH, 0, 0, 0, (float)frame->height / HEIGHT, 0}};
    const edge_region wrong[] = {whole, {{1, 0, NAN, 0, 1, 0}}, {{1, 0, 0, 0, INFINITY, 0}}};
    const edge_tensor both[] = {outputs[0], outputs[1], outputs[0], outputs[1]};
    CHECK(edge_run_frame(model, frame, wrong, 1, outputs, 2, NULL) == expected);
    CHECK(edge_run_frame(model, frame, NULL, 0, NULL, 0, NULL) == expected);
    CHECK(edge_run_frame(model, frame, wrong, 2, both, 4, NULL) != EDGE_OK);
    CHECK(edge_run_frame(model, frame, NULL, 2, both, 4, NULL) != EDGE_OK);
    CHECK(edge_preprocess(model, frame, &wrong[2], input) != EDGE_OK);
}

/* Frames whose memory ends with their last pixel. */
static void run_frames(edge_model *model, const edge_tensor *outputs, const edge_tensor *input)
{
    static const uint32_t bytes[] = {3, 3, 4, 4, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1};
    static const uint32_t sizes[][2] = {{64, 48}, {2, 1}, {6, 90}, {7, 5}, {200, 3}, {64, 48}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (uint32_t encoding = EDGE_RGB8; encoding <= EDGE_BAYER_GRBG8; encoding++) {
            const uint32_t width = sizes[i][0], height = sizes[i][1];
            const size_t stride = (size_t)width * bytes[encoding] + i;
            const uint32_t rows = encoding == EDGE_NV12 || encoding == EDGE_NV21 ? height + height / 2 : height;
            const size_t size = stride * (rows - 1) + (size_t)width * bytes[encoding];
            uint8_t *data = malloc(size);
            for (size_t k = 0; k < size; k++) data[k] = (uint8_t)(k * 37);
            const edge_frame frame = {data, size, width, height, stride, encoding, {0}};
            const edge_status status = edge_preprocess(model, &frame, NULL, input);
            CHECK(status == EDGE_OK || status == EDGE_ERROR_FRAME); /* not every encoding has such sizes */
            CHECK(edge_run_frame(model, &frame, NULL, 1, outputs, 2, NULL) == status);
            run_regions(model, &frame, outputs, input, status);
            free(data);
        }
    }
}

static void refuse_frames(edge_model *model, const edge_tensor *outputs)
{
    const uint8_t data[64] = {0};
    const size_t size = sizeof data;
    const edge_frame frames[] = {
        {NULL, size, 4, 4, 12, EDGE_RGB8, {0}},
        {data, size, 0, 4, 12, EDGE_RGB8, {0}},
        {data, size, 4, 0, 12, EDGE_RGB8, {0}},
        {data, size, 4, 4, 11, EDGE_RGB8, {0}},
        {data, size, 4, 4, 12, 99, {0}},
        {data, size, 3, 4, 12, EDGE_YUYV, {0}},
        {data, size, 16385, 1, 99999, EDGE_MONO8, {0}},
        {data, size, 4, 4, SIZE_MAX, EDGE_MONO8, {0}},
        {data, 47, 4, 4, 12, EDGE_RGB8, {0}},
        {data, size, 4, 4, 12, EDGE_RGB8, {[4] = 1}},
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        CHECK(edge_run_frame(model, &frames[i], NULL, 1, outputs, 2, NULL) == EDGE_ERROR_FRAME);
        CHECK(strlen(edge_last_error(model)) > 20);
    }
    CHECK(edge_run_frame(model, NULL, NULL, 1, outputs, 2, NULL) == EDGE_ERROR_FRAME);
    CHECK(edge_run_frame(NULL, &frames[0], NULL, 1, outputs, 2, NULL) == EDGE_ERROR_ARGUMENT);
    const edge_frame good = {data, size, 4, 4, 12, EDGE_RGB8, {0}};
    CHECK(edge_run_frame(model, &good, NULL, 1, outputs, 1, NULL) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_preprocess(model, &good, NULL, NULL) == EDGE_ERROR_ARGUMENT);
}

static void refuse_tensors(edge_model *model, const edge_tensor *input, const edge_tensor *outputs)
{
    static const uint8_t pixel[3];
    const edge_frame frame = {pixel, sizeof pixel, 1, 1, 3, EDGE_RGB8, {0}};
    edge_tensor wrong[5];
    for (int i = 0; i < 5; i++) wrong[i] = *input;
    wrong[0].data = NULL;
    wrong[1].bytes -= 4;
    wrong[2].element = EDGE_FLOAT64;
    wrong[3].data = (char *)wrong[3].data + 1;
    wrong[4].reserved = 1;
    for (int i = 0; i < 5; i++) {
        const edge_tensor results[] = {outputs[0], wrong[i]};
        CHECK(edge_run(model, &wrong[i], 1, outputs, 2, NULL) == EDGE_ERROR_ARGUMENT);
        CHECK(strstr(edge_last_error(model), "input 0 "));
        CHECK(edge_run(model, input, 1, results, 2, NULL) == EDGE_ERROR_ARGUMENT);
        CHECK(strstr(edge_last_error(model), "output 1 "));
        CHECK(edge_preprocess(model, &frame, NULL, &wrong[i]) == EDGE_ERROR_ARGUMENT);
    }
    const edge_run_options options = {.reserved = {1}};
    CHECK(edge_run(NULL, input, 1, outputs, 2, NULL) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_run(model, NULL, 1, outputs, 2, NULL) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_run(model, input, 0, outputs, 2, NULL) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_run(model, input, 1, outputs, 3, NULL) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_run(model, input, 1, outputs, 2, &options) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_read_step(model, 0, outputs) == EDGE_ERROR_ARGUMENT);
}

static void refuse_options(void)
{
    edge_model *model = NULL;
    char error[16];
    CHECK(edge_create(NULL, &model, NULL, 0) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_create(&(edge_options){.abi_version = 99}, &model, error, sizeof error) == EDGE_ERROR_ABI);
    CHECK(model == NULL && strlen(error) == sizeof error - 1);
    edge_options options = {.abi_version = EDGE_ABI_VERSION, .threads = 1, .variant = "none"};
    CHECK(edge_create(&options, &model, error, sizeof error) == EDGE_ERROR_ARGUMENT);
    options.variant = "future";
    CHECK(edge_create(&options, &model, error, 1) == EDGE_ERROR_CPU);
    options.variant = NULL;
    CHECK(edge_create(&options, NULL, NULL, 0) == EDGE_ERROR_ARGUMENT);
    options.reserved[1] = 1;
    CHECK(edge_create(&options, &model, NULL, 0) == EDGE_ERROR_ARGUMENT);
    edge_destroy(NULL);
}

static uint32_t threads_of_users[USERS] = {1, 2, 5, 0, 0, 0};
static edge_executor *executor;

/* A user of an executor is told 0 threads. */
static void *use_instance(void *argument)
{
    const uint32_t threads = *(uint32_t *)argument;
    const edge_options options = {.abi_version = EDGE_ABI_VERSION,
                                  .threads = threads,
                                  .executor = threads ? NULL : executor,
                                  .priority = (int32_t)((uint32_t *)argument - threads_of_users)};
    edge_model *model;
    CHECK(edge_create(&options, &model, NULL, 0) == EDGE_OK);
    float *memory = malloc(4 * ELEMENTS * sizeof *memory);
    float *values = memory, *observed = memory + ELEMENTS;
    const edge_tensor input = tensor(values);
    const edge_tensor outputs[] = {tensor(memory + 2 * ELEMENTS), tensor(memory + 3 * ELEMENTS)};
    const edge_run_options watched = {.observer = observe, .user = observed};
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < ELEMENTS; i++) values[i] = (float)(i + round);
        CHECK(edge_run(model, &input, 1, outputs, 2, NULL) == EDGE_OK);
        CHECK(edge_run(model, &input, 1, outputs, 2, &watched) == EDGE_OK);
        CHECK(memcmp(observed, outputs[1].data, outputs[1].bytes) == 0);
    }
    run_frames(model, outputs, &input);
    refuse_frames(model, outputs);
    refuse_tensors(model, &input, outputs);
    edge_destroy(model);
    free(memory);
    return NULL;
}

int main(void)
{
    CHECK(edge_abi_version() == EDGE_ABI_VERSION && strlen(edge_describe()) > 2);
    refuse_options();
    edge_executor_options shared = {.abi_version = EDGE_ABI_VERSION, .threads = 65};
    char error[256];
    CHECK(edge_executor_create(&shared, &executor, error, sizeof error) == EDGE_ERROR_ARGUMENT && strlen(error) > 20);
    shared.threads = 3;
    CHECK(edge_executor_create(&shared, &executor, NULL, 0) == EDGE_OK && executor->threads == 3);
    pthread_t users[USERS];
    for (int i = 0; i < USERS; i++) CHECK(pthread_create(&users[i], NULL, use_instance, &threads_of_users[i]) == 0);
    for (int i = 0; i < USERS; i++) pthread_join(users[i], NULL);
    edge_executor_destroy(executor);
    puts("done");
    return 0;
}
