// libraries.cpp - see libraries.h.
//
// SPDX-License-Identifier: Apache-2.0
#include "libraries.h"

#include <dlfcn.h>

#define EDGE_TEXT_OF(x) #x
#define EDGE_TEXT(x) EDGE_TEXT_OF(x)

namespace edge {

const char *const tensorrt_version =
    EDGE_TEXT(NV_TENSORRT_MAJOR) "." EDGE_TEXT(NV_TENSORRT_MINOR) "." EDGE_TEXT(NV_TENSORRT_PATCH);

namespace {

constexpr int headers = NV_TENSORRT_MAJOR * 10000 + NV_TENSORRT_MINOR * 100 + NV_TENSORRT_PATCH;

std::string text_of(int version)
{
    return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
           std::to_string(version % 100);
}

} // namespace

std::string library_name(const char *library, int major)
{
    return std::string(library) + ".so." + std::to_string(major);
}

Shared::Shared(const std::string &name, const std::string &remedy)
    : name_(name), handle_(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL))
{
    if (!handle_)
        throw Failure(name + " can't be loaded; " + remedy);
}

void *Shared::address(const char *symbol) const
{
    void *found = dlsym(handle_, symbol);
    if (!found)
        throw Failure(name_ + " has no " + symbol + "; install another version of it");
    return found;
}

Cuda::Cuda() : library_(library_name("libcudart", CUDART_VERSION / 1000), "install CUDA's run time library")
{
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess || count < 1)
        throw Failure(std::string("there is no CUDA device (") +
                      (status != cudaSuccess ? cudaGetErrorString(status) : "none is listed") +
                      "); check the driver with nvidia-smi");
}

void Cuda::check(cudaError_t status, const char *what) const
{
    if (status == cudaErrorMemoryAllocation)
        throw Failure(std::string("the device is out of memory while it ") + what +
                      "; end other programs that use it, or compile a smaller model");
    if (status != cudaSuccess)
        throw Failure(std::string("CUDA failed while it ") + what + ": " + cudaGetErrorString(status));
}

void Log::log(Severity severity, const char *message) noexcept
{
    if (severity <= Severity::kERROR)
        last_ = message;
}

std::string Log::last() const { return last_.empty() ? "TensorRT gave no reason" : last_; }

TensorRT::TensorRT(const Cuda &)
    : library_(library_name("libnvinfer", NV_TENSORRT_MAJOR),
               "install TensorRT of that version, or run edgec finish for another")
{
    const int version = library_.find<decltype(&getInferLibVersion)>("getInferLibVersion")();
    if (version != headers)
        throw Failure("this was built for TensorRT " + text_of(headers) + " and " + text_of(version) +
                      " is installed; run edgec finish");
}

nvinfer1::IRuntime *TensorRT::create_runtime(Log &log) const
{
    const auto create = library_.find<void *(*)(void *, int32_t)>("createInferRuntime_INTERNAL");
    return static_cast<nvinfer1::IRuntime *>(create(&log, NV_TENSORRT_VERSION));
}

nvinfer1::IBuilder *TensorRT::create_builder(Log &log) const
{
    const auto create = library_.find<void *(*)(void *, int32_t)>("createInferBuilder_INTERNAL");
    return static_cast<nvinfer1::IBuilder *>(create(&log, NV_TENSORRT_VERSION));
}

} // namespace edge
