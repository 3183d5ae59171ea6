// memory.cpp - see memory.h.
//
// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <cstring>

namespace edge {

Stream::Stream(const Cuda &cuda) : cuda_(cuda) { cuda.check(cuda.cudaStreamCreate(&stream_), "made a stream"); }

Stream::~Stream() { cuda_.cudaStreamDestroy(stream_); }

void Stream::wait() const { cuda_.check(cuda_.cudaStreamSynchronize(stream_), "ran the network"); }

Memory::Memory(const Cuda &cuda, size_t bytes) : cuda_(cuda), bytes_(bytes)
{
    int shared = 0;
    cuda.check(cuda.cudaDeviceGetAttribute(&shared, cudaDevAttrIntegrated, 0), "was asked for its kind of memory");
    if (!shared) {
        cuda.check(cuda.cudaMalloc(&device_, bytes), "reserved memory for a tensor");
        return;
    }
    cuda.check(cuda.cudaHostAlloc(&host_, bytes, cudaHostAllocMapped), "reserved memory for a tensor");
    const cudaError_t status = cuda.cudaHostGetDevicePointer(&device_, host_, 0);
    if (status != cudaSuccess)
        cuda.cudaFreeHost(host_);
    cuda.check(status, "mapped memory of a tensor");
}

Memory::~Memory()
{
    if (host_)
        cuda_.cudaFreeHost(host_);
    else
        cuda_.cudaFree(device_);
}

void Memory::upload(const void *source, const Stream &stream) const
{
    if (host_)
        std::memcpy(host_, source, bytes_);
    else
        cuda_.check(cuda_.cudaMemcpyAsync(device_, source, bytes_, cudaMemcpyHostToDevice, stream.get()),
                    "received an input");
}

void Memory::download(void *target, const Stream &stream) const
{
    if (host_)
        std::memcpy(target, host_, bytes_);
    else
        cuda_.check(cuda_.cudaMemcpyAsync(target, device_, bytes_, cudaMemcpyDeviceToHost, stream.get()),
                    "sent an output");
}

} // namespace edge
