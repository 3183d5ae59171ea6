// floats.cpp - leaves the library's products of integer matrices out: no model has them, and they take 0.8 MB.
//
// The library asks these functions for a kernel by type of number. Defined here they are not taken from its archive, nor
// are the kernels. None is found, which the library's validate() and configure() report as a type that isn't supported.
//
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>

namespace arm_gemm {

struct GemmArgs;
struct DequantizeFloat;
struct Nothing;
struct Requantize32;
enum class WeightFormat;

template <typename To, typename Tw, typename Tr> struct GemmCommon {};

template <typename To, typename Tw, typename Tr, typename OutputStage>
std::unique_ptr<GemmCommon<To, Tw, Tr>> gemm(const GemmArgs &, const OutputStage &)
{
    return nullptr;
}

template <typename To, typename Tw, typename Tr, typename OutputStage>
bool has_opt_gemm(WeightFormat &, const GemmArgs &, const OutputStage &)
{
    return false;
}

#define WITHOUT(to, tw, tr, stage)                                                                             \
    template std::unique_ptr<GemmCommon<to, tw, tr>> gemm<to, tw, tr, stage>(const GemmArgs &, const stage &); \
    template bool has_opt_gemm<to, tw, tr, stage>(WeightFormat &, const GemmArgs &, const stage &);

WITHOUT(int8_t, int8_t, int32_t, Nothing)
WITHOUT(uint8_t, uint8_t, uint32_t, Nothing)
WITHOUT(int8_t, int8_t, int8_t, Requantize32)
WITHOUT(uint8_t, uint8_t, uint8_t, Requantize32)
WITHOUT(uint8_t, int8_t, uint8_t, Requantize32)
WITHOUT(int8_t, int8_t, float, DequantizeFloat)
WITHOUT(uint8_t, int8_t, float, DequantizeFloat)

} // namespace arm_gemm
