/* runner.c - runs a compiled library for the compiler, which is a process of another kind of machine:
 *
 *     qemu-aarch64 runner LIBRARY SOCKET
 *
 * It answers requests that come through an open socket. A request and an answer are a header and a body, in the byte
 * order of both machines, little-endian; emulated.py has the other side. Tensors follow each other in a body, each filled up
 * to a multiple of 8 bytes, so that the next one is aligned. A request that breaks the rules ends the
 * runner with a sentence, so that no answer can be taken for that to another one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include "edge_model.h"
#include "marks.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAGIC = 0x31454445 /* "EDE1" */, MOST_BYTES = 0x60000000, SENTENCE = 1024, FILL = 8 };

enum command {
    DESCRIBE,   /* -> the description, JSON */
    PLAN,       /* plan, sizes -> nothing; must come before what follows */
    VARIANT,    /* choice -> name of the variant */
    PREPROCESS, /* choice, picture, pixels -> the image input */
    RUN,        /* choice, inputs -> outputs */
    OBSERVE,    /* choice, inputs -> the value of each step */
    MARK_RUNS,  /* choice, inputs -> nothing; mark 0 before each run, mark 1 after it */
    MARK_STEPS, /* choice, inputs -> nothing; marks around each step, as marks.h says */
};

enum verdict { DONE, REFUSED /* the body is a sentence */ };

typedef struct header {
    uint32_t magic;
    uint32_t kind;  /* a command, or a verdict */
    uint64_t bytes; /* of the body */
} header;

/* Followed by a `tensor` for each input, output and step. */
typedef struct plan {
    uint32_t inputs, outputs, steps;
} plan;

typedef struct tensor {
    uint64_t bytes;
    uint32_t element; /* an edge_element */
    uint32_t unused;
} tensor;

/* Which instance is asked. */
typedef struct choice {
    char variant[32]; /* empty: the best */
    uint32_t threads;
    uint32_t runs; /* of MARK_RUNS and MARK_STEPS */
} choice;

typedef struct picture {
    uint32_t width, height, stride, encoding;
    uint32_t rows; /* of the pixels, those with colours only among them */
} picture;

/* The functions of edge_model.h, found in the library. */
static struct {
    __typeof__(&edge_abi_version) abi_version;
    __typeof__(&edge_describe) describe;
    __typeof__(&edge_create) create;
    __typeof__(&edge_run) run;
    __typeof__(&edge_read_step) read_step;
    __typeof__(&edge_preprocess) preprocess;
    __typeof__(&edge_variant) variant;
    __typeof__(&edge_last_error) last_error;
} api;

typedef struct instance {
    choice choice;
    edge_model *model;
    struct instance *next;
} instance;

static int channel;
static plan sizes;
static edge_tensor *inputs, *outputs, *steps; /* one array; those of inputs and steps have no memory of their own */
static instance *instances;
static char *outputs_memory;

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "runner: %s\n", why);
    _exit(2); /* without the library's last functions, which may hang */
}

static void *allocate(size_t bytes)
{
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory)
        give_up("not enough memory");
    return memory;
}

static void receive(void *target, size_t bytes)
{
    for (char *next = target; bytes;) {
        const ssize_t count = read(channel, next, bytes);
        if (count == 0)
            _exit(0); /* nobody asks any more */
        if (count < 0 && errno != EINTR)
            give_up(strerror(errno));
        next += count > 0 ? count : 0;
        bytes -= count > 0 ? (size_t)count : 0;
    }
}

static void send_all(const void *source, size_t bytes)
{
    for (const char *next = source; bytes;) {
        const ssize_t count = write(channel, next, bytes);
        if (count < 0 && errno != EINTR)
            give_up(strerror(errno));
        next += count > 0 ? count : 0;
        bytes -= count > 0 ? (size_t)count : 0;
    }
}

static void answer(enum verdict verdict, const void *body, size_t bytes)
{
    const header head = {MAGIC, verdict, bytes};
    send_all(&head, sizeof head);
    send_all(body, bytes);
}

static void refuse(const char *sentence) { answer(REFUSED, sentence, strlen(sentence)); }

/* Answer with what an instance has computed, or with why it couldn't. */
static void answer_status(edge_status status, const edge_model *model, const void *body, size_t bytes)
{
    if (status == EDGE_OK)
        answer(DONE, body, bytes);
    else
        refuse(api.last_error(model));
}

static bool find(void *library, const char *name, void *function)
{
    void *const found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found;
}

/* Load the library; on failure write the reason. */
static bool load(const char *path, char *error)
{
    void *const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(error, SENTENCE, "%s can't be loaded: %s", path, dlerror());
        return false;
    }
    const bool versioned = find(library, "edge_abi_version", &api.abi_version);
    if (versioned && api.abi_version() != EDGE_ABI_VERSION) {
        snprintf(
            error, SENTENCE,
            "%s can't be run: it has interface version %u, this software needs version %u; compile the model again: "
            "edgec compile MODEL -o OUT.edge",
            path, api.abi_version(), EDGE_ABI_VERSION);
        return false;
    }
    const bool complete =
        versioned && find(library, "edge_describe", &api.describe) && find(library, "edge_create", &api.create) &&
        find(library, "edge_run", &api.run) && find(library, "edge_read_step", &api.read_step) &&
        find(library, "edge_preprocess", &api.preprocess) && find(library, "edge_variant", &api.variant) &&
        find(library, "edge_last_error", &api.last_error);
    if (!complete) {
        snprintf(error, SENTENCE, "%s can't be loaded: it has not the interface of edge_model.h", path);
        return false;
    }
    return true;
}

/* Return how many bytes of a body a tensor takes. */
static size_t filled_up(const edge_tensor *tensor) { return (tensor->bytes + FILL - 1) / FILL * FILL; }

static size_t total(const edge_tensor *tensors, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) sum += filled_up(&tensors[i]);
    if (sum > MOST_BYTES)
        give_up("the model's tensors are too large");
    return (size_t)sum;
}

/* Let tensors lie in memory one after the other. */
static void place(edge_tensor *tensors, uint32_t count, char *memory)
{
    for (uint32_t i = 0; i < count; memory += filled_up(&tensors[i++])) tensors[i].data = memory;
}

static void keep_plan(const char *body, size_t bytes)
{
    if (inputs || bytes < sizeof sizes)
        give_up("a plan came twice or is cut off");
    memcpy(&sizes, body, sizeof sizes);
    const uint64_t count = (uint64_t)sizes.inputs + sizes.outputs + sizes.steps;
    if (bytes - sizeof sizes != count * sizeof(tensor))
        give_up("a plan has not the length that it says");
    if (!sizes.inputs || !sizes.outputs)
        give_up("a plan has no inputs or no outputs");
    inputs = allocate((size_t)count * sizeof *inputs);
    outputs = inputs + sizes.inputs;
    steps = outputs + sizes.outputs;
    for (size_t i = 0; i < count; i++) {
        tensor planned;
        memcpy(&planned, body + sizeof sizes + i * sizeof planned, sizeof planned);
        if (planned.bytes > MOST_BYTES)
            give_up("a plan has a tensor that is too large");
        inputs[i] = (edge_tensor){.bytes = (size_t)planned.bytes, .element = planned.element};
    }
    outputs_memory = allocate(total(outputs, sizes.outputs));
    place(outputs, sizes.outputs, outputs_memory);
    answer(DONE, NULL, 0);
}

/* Return the instance that is asked; on failure answer and return NULL. */
static edge_model *get_instance(const choice *wanted)
{
    for (instance *i = instances; i; i = i->next)
        if (i->choice.threads == wanted->threads && strcmp(i->choice.variant, wanted->variant) == 0)
            return i->model;
    const char *variant = wanted->variant[0] ? wanted->variant : NULL;
    const edge_options options = {.abi_version = EDGE_ABI_VERSION, .threads = wanted->threads, .variant = variant};
    char error[SENTENCE];
    instance *made = allocate(sizeof *made);
    if (api.create(&options, &made->model, error, sizeof error) != EDGE_OK) {
        free(made);
        refuse(error);
        return NULL;
    }
    made->choice = *wanted;
    made->next = instances;
    instances = made;
    return made->model;
}

static void preprocess(edge_model *model, const char *body, size_t bytes)
{
    picture picture;
    if (bytes < sizeof picture)
        give_up("a picture is cut off");
    memcpy(&picture, body, sizeof picture);
    if (bytes - sizeof picture != (uint64_t)picture.stride * picture.rows)
        give_up("a picture has not the length that it says");
    const edge_frame frame = {
        .data = (const uint8_t *)body + sizeof picture,
        .bytes = bytes - sizeof picture,
        .width = picture.width,
        .height = picture.height,
        .stride = picture.stride,
        .encoding = picture.encoding,
    };
    edge_tensor image = inputs[0];
    image.data = allocate(filled_up(&image));
    answer_status(api.preprocess(model, &frame, NULL, &image), model, image.data, filled_up(&image));
    free(image.data);
}

typedef struct values {
    uint32_t count;
    edge_status status;
} values;

static void keep_value(void *user, edge_model *model, uint32_t step, uint64_t nanoseconds)
{
    (void)nanoseconds;
    values *const kept = user;
    if (step >= sizes.steps || step != kept->count++)
        give_up("the library has other steps than its description");
    if (kept->status == EDGE_OK)
        kept->status = api.read_step(model, step, &steps[step]);
}

static edge_status run_once(edge_model *model, const edge_run_options *options)
{
    return api.run(model, inputs, sizes.inputs, outputs, sizes.outputs, options);
}

static void observe(edge_model *model)
{
    const size_t bytes = total(steps, sizes.steps);
    char *const memory = allocate(bytes);
    place(steps, sizes.steps, memory);
    values kept = {0, EDGE_OK};
    const edge_status status = run_once(model, &(edge_run_options){.observer = keep_value, .user = &kept});
    if (status == EDGE_OK && kept.count != sizes.steps)
        give_up("the library has fewer steps than its description");
    answer_status(status == EDGE_OK ? kept.status : status, model, memory, bytes);
    free(memory);
}

static void mark(uint32_t number) { getpriority(PRIO_PROCESS, EDGE_MARK_FIRST + number); }

static void mark_step(void *user, edge_model *model, uint32_t step, uint64_t nanoseconds)
{
    (void)user, (void)model, (void)nanoseconds;
    mark(2 * step + 1);
    mark(2 * step + 2); /* the next one begins */
}

static void run_marked(enum command command, edge_model *model, uint32_t runs)
{
    const edge_run_options options = {.observer = command == MARK_STEPS ? mark_step : NULL};
    edge_status status = EDGE_OK;
    for (uint32_t i = 0; i < runs && status == EDGE_OK; i++) {
        mark(0);
        status = run_once(model, &options);
        if (command == MARK_RUNS)
            mark(1);
    }
    answer_status(status, model, NULL, 0);
}

static void run(enum command command, edge_model *model, uint32_t runs, char *body, size_t bytes)
{
    if (bytes != total(inputs, sizes.inputs))
        give_up("the inputs have not the length of the plan");
    place(inputs, sizes.inputs, body);
    if (command == OBSERVE)
        observe(model);
    else if (command == RUN)
        answer_status(run_once(model, NULL), model, outputs_memory, total(outputs, sizes.outputs));
    else
        run_marked(command, model, runs);
}

/* Do what is asked of an instance. */
static void use_instance(enum command command, char *body, size_t bytes)
{
    choice wanted;
    if (!inputs || bytes < sizeof wanted)
        give_up("a request came before the plan or is cut off");
    memcpy(&wanted, body, sizeof wanted);
    body += sizeof wanted;
    bytes -= sizeof wanted;
    if (!memchr(wanted.variant, 0, sizeof wanted.variant))
        give_up("the name of a variant has no end");
    edge_model *const model = get_instance(&wanted);
    if (!model)
        return;
    if (command == VARIANT)
        answer(DONE, api.variant(model), strlen(api.variant(model)));
    else if (command == PREPROCESS)
        preprocess(model, body, bytes);
    else
        run(command, model, wanted.runs, body, bytes);
}

int main(int count, char **arguments)
{
    if (count != 3)
        give_up("expected LIBRARY SOCKET");
    channel = atoi(arguments[2]);
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none); /* a crash is reported, and leaves no file */
    char error[SENTENCE];
    const bool loaded = load(arguments[1], error);
    for (;;) {
        header head;
        receive(&head, sizeof head);
        if (head.magic != MAGIC || head.kind > MARK_STEPS || head.bytes > MOST_BYTES)
            give_up("a request has no valid header");
        char *const body = allocate((size_t)head.bytes);
        receive(body, (size_t)head.bytes);
        if (!loaded)
            refuse(error);
        else if (head.kind == DESCRIBE)
            answer(DONE, api.describe(), strlen(api.describe()));
        else if (head.kind == PLAN)
            keep_plan(body, (size_t)head.bytes);
        else
            use_instance((enum command)head.kind, body, (size_t)head.bytes);
        free(body);
    }
}
