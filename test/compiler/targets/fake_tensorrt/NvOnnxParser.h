// NvOnnxParser.h - what the builder calls of TensorRT's parser, declared for the imitation (nvinfer.cpp).
//
// SPDX-License-Identifier: Apache-2.0
#ifndef FAKE_NVONNXPARSER_H
#define FAKE_NVONNXPARSER_H

#include "NvInfer.h"

#define NV_ONNX_PARSER_VERSION 1

namespace nvonnxparser {

class IParserError {
public:
    virtual const char *desc() const = 0;
    virtual const char *nodeName() const = 0;
    virtual ~IParserError() = default;
};

class IParser {
public:
    virtual bool parseFromFile(const char *path, int verbosity) = 0;
    virtual int32_t getNbErrors() const = 0;
    virtual const IParserError *getError(int32_t index) const = 0;
    virtual ~IParser() = default;
};

} // namespace nvonnxparser
#endif
