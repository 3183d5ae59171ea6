// memory.h - memory that the device computes in, one piece for each input and output.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef EDGE_TENSORRT_MEMORY_H
#define EDGE_TENSORRT_MEMORY_H

#include "libraries.h"

namespace edge {

// The order of work on a device.
class Stream {
public:
    explicit Stream(const Cuda &cuda);
    ~Stream();
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;
    cudaStream_t get() const { return stream_; }
    void wait() const;

private:
    const Cuda &cuda_;
    cudaStream_t stream_ = nullptr;
};

// Where processor and device share one memory, as on a Jetson, nothing is transferred.
class Memory {
public:
    Memory(const Cuda &cuda, size_t bytes);
    ~Memory();
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
    void *get() const { return device_; } // as the device calls it, aligned to 256 bytes
    void upload(const void *source, const Stream &stream) const;
    void download(void *target, const Stream &stream) const; // it is there when the stream was waited for

private:
    const Cuda &cuda_;
    size_t bytes_;
    void *host_ = nullptr; // the same memory for the processor, where it is shared
    void *device_ = nullptr;
};

} // namespace edge
#endif
