// cudart.cpp - an imitation of CUDA's run time: a device of architecture sm_87 whose memory is the processor's.
//
// SPDX-License-Identifier: Apache-2.0
#include "cuda_runtime_api.h"

#include <cstdlib>
#include <cstring>

#include "fault.h"

extern "C" {

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = fault("no device") ? 0 : 1;
    return fault("no device") ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int)
{
    *value = attribute == cudaDevAttrComputeCapabilityMajor   ? 8
             : attribute == cudaDevAttrComputeCapabilityMinor ? 7
                                                              : 0;
    if (attribute == cudaDevAttrIntegrated)
        *value = fault("shared memory");
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t status)
{
    return status == cudaErrorNoDevice ? "no CUDA-capable device is detected" : "out of memory";
}

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    *stream = nullptr;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }

cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }

cudaError_t cudaMemcpyAsync(void *target, const void *source, size_t bytes, cudaMemcpyKind, cudaStream_t)
{
    std::memcpy(target, source, bytes);
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    *memory = fault("no memory") || fault("shared memory") ? nullptr : std::malloc(bytes);
    return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void *memory)
{
    std::free(memory);
    return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **memory, size_t bytes, unsigned)
{
    *memory = std::malloc(bytes);
    return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaHostGetDevicePointer(void **device, void *host, unsigned)
{
    *device = host;
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *memory)
{
    std::free(memory);
    return cudaSuccess;
}

} // extern "C"
