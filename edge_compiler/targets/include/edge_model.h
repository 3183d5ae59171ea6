/* edge_model.h - the C interface of every library that `edgec compile` emits.
 *
 * The interface is the same for every target. A library has no global state: any number of models, and of
 * instances of one model, may live in one process. One instance is run by one thread at a time; different
 * instances run side by side. No C++ exception, signal handler or exit() crosses this interface.
 *
 * Load a library with dlopen(path, RTLD_NOW | RTLD_LOCAL), so that two models' symbols stay apart.
 *
 * Fields named `reserved` must be zero. Should a later library give one a meaning, zero means what is said here, and
 * this library refuses what it does not know; so the interface grows without a new version.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_MODEL_H
#define EDGE_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EDGE_ABI_VERSION 2u

#if defined _WIN32
#define EDGE_API
#else
#define EDGE_API __attribute__((visibility("default")))
#endif

typedef struct edge_model edge_model;

typedef enum edge_status {
    EDGE_OK = 0,
    EDGE_ERROR_ARGUMENT = 1, /* a null pointer, an index, an option out of range; a tensor of another type or size */
    EDGE_ERROR_ABI = 2,      /* the caller was built for another EDGE_ABI_VERSION */
    EDGE_ERROR_CPU = 3,      /* this processor lacks an instruction set that the library needs */
    EDGE_ERROR_LIBRARY = 4,  /* a library that this one relies on is missing or has the wrong version */
    EDGE_ERROR_MEMORY = 5,   /* memory or a thread could not be had */
    EDGE_ERROR_FRAME = 6,    /* the camera frame can't be used: size, stride or encoding */
} edge_status;

/* Types of a tensor's elements, numbered as in ONNX (TensorProto.DataType); edge_describe() has their names. */
typedef enum edge_element {
    EDGE_FLOAT32 = 1,
    EDGE_UINT8 = 2,
    EDGE_INT8 = 3,
    EDGE_UINT16 = 4,
    EDGE_INT16 = 5,
    EDGE_INT32 = 6,
    EDGE_INT64 = 7,
    EDGE_BOOL = 9, /* a byte, 0 or 1 */
    EDGE_FLOAT16 = 10,
    EDGE_FLOAT64 = 11,
    EDGE_UINT32 = 12,
    EDGE_UINT64 = 13,
    EDGE_BFLOAT16 = 16,
} edge_element;

/* A dense row-major tensor in the caller's memory. Those of inputs are only read. */
typedef struct edge_tensor {
    void *data;       /* aligned to the size of an element */
    size_t bytes;     /* of all elements */
    uint32_t element; /* an edge_element */
    uint32_t reserved;
} edge_tensor;

/* Pixel layouts of a camera frame, named as in sensor_msgs/image_encodings. */
typedef enum edge_encoding {
    EDGE_RGB8 = 0,
    EDGE_BGR8 = 1,
    EDGE_RGBA8 = 2,
    EDGE_BGRA8 = 3,
    EDGE_MONO8 = 4,
    EDGE_YUYV = 5,   /* YUV 4:2:2 packed Y0 U Y1 V, BT.601 limited range, even width */
    EDGE_MONO16 = 6, /* little-endian; 65535 is as white as 255 */
    EDGE_UYVY = 7,   /* as EDGE_YUYV, packed U Y0 V Y1 */
    EDGE_NV12 = 8, /* YUV 4:2:0, even width and height: height rows of Y, then height / 2 of U V, all `stride` apart */
    EDGE_NV21 = 9, /* likewise, with V U */
    EDGE_BAYER_RGGB8 = 10, /* red at the top left; at least 3 x 3 pixels; interpolated bilinearly */
    EDGE_BAYER_BGGR8 = 11,
    EDGE_BAYER_GBRG8 = 12,
    EDGE_BAYER_GRBG8 = 13,
} edge_encoding;

typedef struct edge_frame {
    const uint8_t *data;    /* first byte of the top row */
    size_t bytes;           /* that may be read from there on */
    uint32_t width, height; /* pixels */
    size_t stride;          /* bytes from one row to the next, at least width * bytes per pixel */
    uint32_t encoding;      /* an edge_encoding */
    uint32_t reserved[5];
} edge_frame;

/* A region of a frame, as an affine map from the model's input to the frame: the point (x, y) of the input is
 *     (map[0] * x + map[1] * y + map[2], map[3] * x + map[4] * y + map[5])
 * of the frame, both measured in pixels from the top left corner of the top left pixel, so that the centre of pixel (i, j)
 * is (i + 0.5, j + 0.5). Each pixel of the input is sampled at its centre, bilinearly between the centres of the frame's
 * pixels, those at the edge repeated; a point outside of the frame is padding. All six numbers are finite. */
typedef struct edge_region {
    float map[6];
} edge_region;

/* Compute part `part` of `parts`. Of two that run at the same time, `thread` differs: it is less than the executor's
 * number of threads, and says whose private memory may be used. */
typedef void (*edge_task)(void *argument, uint32_t part, uint32_t parts, uint32_t thread);

/* Threads that several models may share, of the same or of different libraries. */
typedef struct edge_executor {
    void *context;    /* the first argument of what follows */
    uint32_t threads; /* 1..64, the calling one included */
    uint32_t reserved;
    void (*enter)(void *context, int32_t priority); /* before a run's tasks: wait for one's turn; or NULL */
    void (*leave)(void *context);                   /* after them; or NULL */
    void (*run)(void *context, edge_task task, void *argument, uint32_t parts); /* return when all parts are done */
} edge_executor;

typedef struct edge_executor_options {
    uint32_t abi_version; /* EDGE_ABI_VERSION */
    uint32_t threads;     /* 1..64, the calling one included; 0 means one per processor */
    uint64_t processors;  /* bit i: its own threads may use processor i; 0: every one that the process may use */
    uint64_t reserved[4];
} edge_executor_options;

typedef struct edge_options {
    uint32_t abi_version; /* EDGE_ABI_VERSION of the header that the caller was compiled with */
    uint32_t threads;     /* 1..64 threads, the calling one included; 0 means one per usable processor */
    const char *variant;  /* one of the instruction-set variants named by edge_describe(), or NULL: the best one */
    const edge_executor *executor; /* outlives the instance; `threads` is 0 then. NULL: threads of its own */
    int32_t priority;              /* among the models of an executor: between steps, the highest goes on */
    uint32_t reserved_word;
    uint64_t reserved[2];
} edge_options;

/* Called after each step of a run, on the calling thread; edge_read_step() gives what the step computed meanwhile. */
typedef void (*edge_observer)(void *user, edge_model *model, uint32_t step, uint64_t nanoseconds);

typedef struct edge_run_options {
    edge_observer observer; /* or NULL */
    void *user;             /* handed to the observer */
    uint64_t reserved[4];
} edge_run_options;

/* The ABI version that the library was built with. */
EDGE_API uint32_t edge_abi_version(void);

/* The model as JSON (the `model` object of the bundle's manifest.json): inputs, outputs, steps, labels ... */
EDGE_API const char *edge_describe(void);

/* Make an instance. On failure *model is NULL and `error` holds one sentence: what, expected, received, what to do. */
EDGE_API edge_status edge_create(const edge_options *options, edge_model **model, char *error, size_t error_capacity);

/* Make an executor: one run at a time has its threads, the most urgent first. Its library stays loaded while it is in use.
 * On failure *executor is NULL and `error` holds one sentence. */
EDGE_API edge_status edge_executor_create(const edge_executor_options *options, edge_executor **executor, char *error,
                                          size_t error_capacity);

/* Stop its threads and free it; no instance uses it any more. NULL is allowed. */
EDGE_API void edge_executor_destroy(edge_executor *executor);

/* Run on tensors, in the order of edge_describe()'s inputs and outputs. `options` may be NULL. */
EDGE_API edge_status edge_run(edge_model *model, const edge_tensor *inputs, uint32_t input_count,
                              const edge_tensor *outputs, uint32_t output_count, const edge_run_options *options);

/* Run on each of the regions of a camera frame; colour conversion, resize and normalisation are compiled in. For models
 * with one image input. With NULL for the regions, `region_count` is 1, and the whole picture is stretched or letterboxed,
 * as the model wants it. `outputs`: those of the first region, then those of the second ... */
EDGE_API edge_status edge_run_frame(edge_model *model, const edge_frame *frame, const edge_region *regions,
                                    uint32_t region_count, const edge_tensor *outputs, uint32_t output_count,
                                    const edge_run_options *options);

/* Copy the value that `step` has just produced into `destination` (its type and size: edge_describe()). */
EDGE_API edge_status edge_read_step(edge_model *model, uint32_t step, const edge_tensor *destination);

/* Only convert a region of a camera frame (NULL: the whole picture) into the model's image input: to check what the model
 * is given. */
EDGE_API edge_status edge_preprocess(edge_model *model, const edge_frame *frame, const edge_region *region,
                                     const edge_tensor *destination);

/* Does this processor have what the variant of this name needs? 0, too, where edge_describe() names no such variant. */
EDGE_API int edge_supports(const char *variant);

/* The instruction-set variant that this instance uses, as named by edge_describe(). */
EDGE_API const char *edge_variant(const edge_model *model);

/* One sentence on the last call that failed on this instance; "" when none did. Valid until the next call. */
EDGE_API const char *edge_last_error(const edge_model *model);

/* Stop the instance's threads and free it. NULL is allowed. */
EDGE_API void edge_destroy(edge_model *model);

#ifdef __cplusplus
}
#endif
#endif
