// NvInfer.h - what the loader and the builder call of TensorRT, declared for the imitation (nvinfer.cpp).
//
// The names are those of TensorRT, the tables of virtual functions are not: this shows what our code does with what it is
// told, and nothing of TensorRT itself.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef FAKE_NVINFER_H
#define FAKE_NVINFER_H

#include <cstddef>
#include <cstdint>

#include "cuda_runtime_api.h"

#define NV_TENSORRT_MAJOR 10
#define NV_TENSORRT_MINOR 8
#define NV_TENSORRT_PATCH 0
#define NV_TENSORRT_VERSION 100800

extern "C" int32_t getInferLibVersion() noexcept;

namespace nvinfer1 {

enum class DataType : int32_t { kFLOAT, kHALF, kINT8, kINT32, kBOOL, kUINT8, kFP8, kBF16, kINT64 };
enum class TensorIOMode : int32_t { kNONE, kINPUT, kOUTPUT };
enum class BuilderFlag : int32_t { kTF32 = 1 };
enum class NetworkDefinitionCreationFlag : int32_t { kSTRONGLY_TYPED = 1 };
using NetworkDefinitionCreationFlags = uint32_t;

struct Dims {
    int32_t nbDims;
    int64_t d[8];
};

class ILogger {
public:
    enum class Severity : int32_t { kINTERNAL_ERROR, kERROR, kWARNING, kINFO, kVERBOSE };
    virtual void log(Severity severity, const char *message) noexcept = 0;
    virtual ~ILogger() = default;
};

class IProgressMonitor {
public:
    virtual void phaseStart(const char *phase, const char *parent, int32_t steps) noexcept = 0;
    virtual bool stepComplete(const char *phase, int32_t step) noexcept = 0;
    virtual void phaseFinish(const char *phase) noexcept = 0;
    virtual ~IProgressMonitor() = default;
};

class IExecutionContext {
public:
    virtual bool setTensorAddress(const char *name, void *data) noexcept = 0;
    virtual bool enqueueV3(cudaStream_t stream) noexcept = 0;
    virtual ~IExecutionContext() = default;
};

class ICudaEngine {
public:
    virtual int32_t getNbIOTensors() const noexcept = 0;
    virtual Dims getTensorShape(const char *name) const noexcept = 0;
    virtual TensorIOMode getTensorIOMode(const char *name) const noexcept = 0;
    virtual DataType getTensorDataType(const char *name) const noexcept = 0;
    virtual IExecutionContext *createExecutionContext() noexcept = 0;
    virtual ~ICudaEngine() = default;
};

class IRuntime {
public:
    virtual ICudaEngine *deserializeCudaEngine(const void *plan, size_t bytes) noexcept = 0;
    virtual ~IRuntime() = default;
};

class IHostMemory {
public:
    virtual const void *data() const noexcept = 0;
    virtual size_t size() const noexcept = 0;
    virtual ~IHostMemory() = default;
};

class IBuilderConfig {
public:
    virtual void clearFlag(BuilderFlag flag) noexcept = 0;
    virtual void setProgressMonitor(IProgressMonitor *monitor) noexcept = 0;
    virtual ~IBuilderConfig() = default;
};

class INetworkDefinition {
public:
    virtual ~INetworkDefinition() = default;
};

class IBuilder {
public:
    virtual INetworkDefinition *createNetworkV2(NetworkDefinitionCreationFlags flags) noexcept = 0;
    virtual IBuilderConfig *createBuilderConfig() noexcept = 0;
    virtual IHostMemory *buildSerializedNetwork(INetworkDefinition &network, IBuilderConfig &config) noexcept = 0;
    virtual ~IBuilder() = default;
};

} // namespace nvinfer1
#endif
