// SPDX-License-Identifier: Apache-2.0
// Prints what a robot sees, as a program that knows neither ROS nor Python: libnanomsg and C alone.
//
//     gcc -std=c11 nanomsg.c -lnanomsg -o detections
//     ./detections ipc:///run/user/1000/edge-robot/perception/detections
//
// A message is: topic, NUL, hash of the type (32 bytes), number (8), time (8), and CDR: numbers
// aligned to their size, counted from the end of its first four bytes; texts as length with NUL, and
// bytes.
#include <nanomsg/nn.h>
#include <nanomsg/pubsub.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC "/detections" // its NUL belongs to the subscription

// What is left of a message, and where alignment counts from; never read beyond the end.
struct cdr {
    const uint8_t *base, *at, *end;
};

static const uint8_t *take(struct cdr *in, size_t size, size_t alignment)
{
    size_t padding = (alignment - (size_t)(in->at - in->base) % alignment) % alignment;
    if ((size_t)(in->end - in->at) < padding || (size_t)(in->end - in->at) - padding < size) {
        fprintf(stderr, "the message ends too early\n");
        exit(1);
    }
    in->at += padding + size;
    return in->at - size;
}

static uint32_t number(struct cdr *in)
{
    uint32_t value;
    memcpy(&value, take(in, 4, 4), 4);
    return value;
}

static float real(struct cdr *in)
{
    float value;
    memcpy(&value, take(in, 4, 4), 4);
    return value;
}

static const char *text(struct cdr *in)
{
    uint32_t size = number(in);
    const char *value = (const char *)take(in, size, 1);
    return size && !value[size - 1] ? value : "";
}

int main(int count, char **arguments)
{
    int socket = nn_socket(AF_SP, NN_SUB), unlimited = -1;
    if (count != 2 || nn_setsockopt(socket, NN_SUB, NN_SUB_SUBSCRIBE, TOPIC, sizeof TOPIC) < 0 ||
        nn_setsockopt(socket, NN_SOL_SOCKET, NN_RCVMAXSIZE, &unlimited, sizeof unlimited) < 0 ||
        nn_connect(socket, arguments[1]) < 0) {
        fprintf(stderr, "usage: %s ADDRESS\n", arguments[0]);
        return 2;
    }
    for (uint8_t *message;; nn_freemsg(message)) {
        int size = nn_recv(socket, &message, NN_MSG, 0);
        if (size < (int)sizeof TOPIC + 32 + 8 + 8 + 4)
            return 1;
        const uint8_t *base = message + sizeof TOPIC + 32 + 8 + 8 + 4;
        struct cdr in = {base, base, message + size};
        uint32_t seconds = number(&in), nanoseconds = number(&in);
        text(&in); // frame_id
        const char *model = text(&in);
        uint32_t width = number(&in), height = number(&in), detections = number(&in);
        printf("%u.%09u %s %ux%u %u", seconds, nanoseconds, model, width, height, detections);
        if (detections) { // the first one is the most certain
            const char *label = text(&in);
            number(&in); // class_id
            printf(" %s %.3f", label, real(&in));
            if (*take(&in, 1, 1)) {
                float x = real(&in), y = real(&in), w = real(&in), h = real(&in);
                printf(" %.1f %.1f %.1f %.1f", x, y, w, h);
            }
        }
        printf("\n");
        fflush(stdout);
    }
}
