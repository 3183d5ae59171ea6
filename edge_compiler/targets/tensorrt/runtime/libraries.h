// libraries.h - CUDA's run time and TensorRT, looked for when they are needed.
//
// Neither is linked with: a library that needs them loads everywhere, and says in one clause what is missing. The device
// comes first: without one, TensorRT hands out objects that can't be used.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef EDGE_TENSORRT_LIBRARIES_H
#define EDGE_TENSORRT_LIBRARIES_H

#include <stdexcept>
#include <string>

#include <NvInfer.h>
#include <cuda_runtime_api.h>

namespace edge {

// One clause: what is wrong, and what to do.
struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A shared library; it stays loaded, as TensorRT and CUDA can't be unloaded safely.
class Shared {
public:
    // The file's name, and what to do if there is none.
    Shared(const std::string &name, const std::string &remedy);
    template <typename Function> Function find(const char *symbol) const
    {
        return reinterpret_cast<Function>(address(symbol));
    }

private:
    void *address(const char *symbol) const;
    std::string name_;
    void *handle_;
};

// The functions of CUDA's run time that are called, for a device that is there.
class Cuda {
public:
    Cuda();
    // Throw a Failure unless `status` is success; `what` was tried.
    void check(cudaError_t status, const char *what) const;

private:
    Shared library_;

public:
#define EDGE_CUDA(name) decltype(&::name) name = library_.find<decltype(&::name)>(#name)
    EDGE_CUDA(cudaGetDeviceCount);
    EDGE_CUDA(cudaDeviceGetAttribute);
    EDGE_CUDA(cudaGetErrorString);
    EDGE_CUDA(cudaStreamCreate);
    EDGE_CUDA(cudaStreamDestroy);
    EDGE_CUDA(cudaStreamSynchronize);
    EDGE_CUDA(cudaMemcpyAsync);
    EDGE_CUDA(cudaFree);
    EDGE_CUDA(cudaFreeHost);
#undef EDGE_CUDA
    // these are overloaded in C++
    using Allocate = cudaError_t (*)(void **, size_t);
    using AllocateHost = cudaError_t (*)(void **, size_t, unsigned);
    using DevicePointer = cudaError_t (*)(void **, void *, unsigned);
    Allocate cudaMalloc = library_.find<Allocate>("cudaMalloc");
    AllocateHost cudaHostAlloc = library_.find<AllocateHost>("cudaHostAlloc");
    DevicePointer cudaHostGetDevicePointer = library_.find<DevicePointer>("cudaHostGetDevicePointer");
};

// Keeps the last error that TensorRT has reported: its functions only say that there was one.
class Log : public nvinfer1::ILogger {
public:
    void log(Severity severity, const char *message) noexcept override;
    std::string last() const;

private:
    std::string last_;
};

// TensorRT, of the version that its headers were of.
class TensorRT {
public:
    explicit TensorRT(const Cuda &device); // which has been found
    nvinfer1::IRuntime *create_runtime(Log &log) const;
    nvinfer1::IBuilder *create_builder(Log &log) const;

private:
    Shared library_;
};

extern const char *const tensorrt_version; // of the headers, "10.8.0"
std::string library_name(const char *library, int major);

} // namespace edge
#endif
