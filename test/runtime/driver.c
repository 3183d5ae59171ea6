/* driver.c - uses every function of edge_model.h, from several threads: to be run under sanitizers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge_model.h"

enum { USERS = 3, ROUNDS = 20, ELEMENTS = CHANNELS * HEIGHT * WIDTH };

#define CHECK(condition)                                                           \
    do {                                                                           \
        if (!(condition)) {                                                        \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

static void observe(void *user, edge_model *model, uint32_t step, uint64_t nanoseconds)
{
    (void)nanoseconds;
    CHECK(edge_read_step(model, step + 1, user) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_read_step(model, step, user) == EDGE_OK);
}

/* Frames whose memory ends with their last pixel. */
static void run_frames(edge_model *model, void *const *outputs, float *input)
{
    static const uint32_t bytes[] = {3, 3, 4, 4, 1, 2};
    static const uint32_t sizes[][2] = {{64, 48}, {2, 1}, {6, 90}, {200, 3}, {64, 48}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (uint32_t encoding = EDGE_RGB8; encoding <= EDGE_YUYV; encoding++) {
            const uint32_t width = sizes[i][0], height = sizes[i][1];
            const size_t stride = (size_t)width * bytes[encoding] + i;
            const size_t size = stride * (height - 1) + (size_t)width * bytes[encoding];
            uint8_t *data = malloc(size);
            for (size_t k = 0; k < size; k++)
                data[k] = (uint8_t)(k * 37);
            const edge_frame frame = {data, width, height, stride, encoding};
            CHECK(edge_preprocess(model, &frame, input) == EDGE_OK);
            CHECK(edge_run_frame(model, &frame, outputs) == EDGE_OK);
            free(data);
        }
    }
}

static void refuse_frames(edge_model *model, void *const *outputs)
{
    const uint8_t data[64] = {0};
    const edge_frame frames[] = {
        {NULL, 4, 4, 12, EDGE_RGB8},   {data, 0, 4, 12, EDGE_RGB8},      {data, 4, 0, 12, EDGE_RGB8},
        {data, 4, 4, 11, EDGE_RGB8},   {data, 4, 4, 12, 99},             {data, 3, 4, 12, EDGE_YUYV},
        {data, 16385, 1, 99999, EDGE_MONO8}, {data, 4, 4, SIZE_MAX, EDGE_MONO8},
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        CHECK(edge_run_frame(model, &frames[i], outputs) == EDGE_ERROR_FRAME);
        CHECK(strlen(edge_last_error(model)) > 20);
    }
    CHECK(edge_run_frame(model, NULL, outputs) == EDGE_ERROR_FRAME);
    CHECK(edge_run_frame(NULL, &frames[0], outputs) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_preprocess(model, &frames[0], NULL) == EDGE_ERROR_ARGUMENT);
}

static void refuse_tensors(edge_model *model, const void *const *inputs, void *const *outputs)
{
    const void *no_input[] = {NULL};
    void *no_output[] = {outputs[0], NULL};
    CHECK(edge_run(NULL, inputs, outputs) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_run(model, NULL, outputs) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_run(model, no_input, outputs) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_run(model, inputs, NULL) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_run(model, inputs, no_output) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_read_step(model, 0, outputs[0]) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_read_step(model, 0, NULL) == EDGE_ERROR_ARGUMENT);
}

static void refuse_options(void)
{
    edge_model *model = NULL;
    char error[16];
    CHECK(edge_create(NULL, &model, NULL, 0) == EDGE_ERROR_ARGUMENT);
    CHECK(edge_create(&(edge_options){.abi_version = 99}, &model, error, sizeof error) == EDGE_ERROR_ABI);
    CHECK(model == NULL && strlen(error) == sizeof error - 1);
    CHECK(edge_create(&(edge_options){EDGE_ABI_VERSION, 1, "none"}, &model, error, sizeof error) ==
          EDGE_ERROR_ARGUMENT);
    CHECK(edge_create(&(edge_options){EDGE_ABI_VERSION, 1, "future"}, &model, error, 1) == EDGE_ERROR_CPU);
    CHECK(edge_create(&(edge_options){EDGE_ABI_VERSION, 1, NULL}, NULL, NULL, 0) == EDGE_ERROR_ARGUMENT);
    edge_destroy(NULL);
}

static void *use_instance(void *argument)
{
    const edge_options options = {EDGE_ABI_VERSION, *(uint32_t *)argument, NULL};
    edge_model *model;
    CHECK(edge_create(&options, &model, NULL, 0) == EDGE_OK);
    float *memory = malloc(4 * ELEMENTS * sizeof *memory);
    float *input = memory, *observed = memory + ELEMENTS;
    const void *inputs[] = {input};
    void *outputs[] = {memory + 2 * ELEMENTS, memory + 3 * ELEMENTS};
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < ELEMENTS; i++)
            input[i] = (float)(i + round);
        CHECK(edge_run(model, inputs, outputs) == EDGE_OK);
        CHECK(edge_run_observed(model, inputs, outputs, observe, observed) == EDGE_OK);
        CHECK(memcmp(observed, outputs[1], ELEMENTS * sizeof *observed) == 0);
    }
    run_frames(model, outputs, input);
    refuse_frames(model, outputs);
    refuse_tensors(model, inputs, outputs);
    edge_destroy(model);
    free(memory);
    return NULL;
}

int main(void)
{
    CHECK(edge_abi_version() == EDGE_ABI_VERSION && strlen(edge_describe()) > 2);
    refuse_options();
    pthread_t users[USERS];
    uint32_t threads[USERS] = {1, 2, 5};
    for (int i = 0; i < USERS; i++)
        CHECK(pthread_create(&users[i], NULL, use_instance, &threads[i]) == 0);
    for (int i = 0; i < USERS; i++)
        pthread_join(users[i], NULL);
    puts("done");
    return 0;
}
