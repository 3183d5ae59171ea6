"""
Caffe's messages, from its published ``caffe.proto`` (BVLC 1.0, and Permute and Normalize of SSD).

What only training reads is here as far as files for deployment may have it. A field that is not
known here is an error: a branch of Caffe may have given it a meaning that changes the result.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import (  # type: ignore[import-untyped]
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)

_SCHEMA = """
BlobShape: dim 1 int64*
BlobProto: shape 7 BlobShape, data 5 float*, diff 6 float*, double_data 8 double*,
  double_diff 9 double*, num 1 int32, channels 2 int32, height 3 int32, width 4 int32
FillerParameter: type 1 string, value 2 float, min 3 float, max 4 float, mean 5 float,
  std 6 float, sparse 7 int32, variance_norm 8 VarianceNorm
ParamSpec: name 1 string, share_mode 2 DimCheckMode, lr_mult 3 float, decay_mult 4 float
NetState: phase 1 Phase, level 2 int32, stage 3 string*
NetStateRule: phase 1 Phase, min_level 2 int32, max_level 3 int32, stage 4 string*,
  not_stage 5 string*
NetParameter: name 1 string, layers 2 V1LayerParameter*, input 3 string*, input_dim 4 int32*,
  force_backward 5 bool, state 6 NetState, debug_info 7 bool, input_shape 8 BlobShape*,
  layer 100 LayerParameter*
ArgMaxParameter: out_max_val 1 bool, top_k 2 uint32=1, axis 3 int32
BatchNormParameter: use_global_stats 1 bool, moving_average_fraction 2 float, eps 3 float=1e-5
BiasParameter: axis 1 int32=1, num_axes 2 int32=1, filler 3 FillerParameter
ConcatParameter: axis 2 int32=1, concat_dim 1 uint32=1
ConvolutionParameter: num_output 1 uint32, bias_term 2 bool=true, pad 3 uint32*,
  kernel_size 4 uint32*, group 5 uint32=1, stride 6 uint32*, weight_filler 7 FillerParameter,
  bias_filler 8 FillerParameter, pad_h 9 uint32, pad_w 10 uint32, kernel_h 11 uint32,
  kernel_w 12 uint32, stride_h 13 uint32, stride_w 14 uint32, engine 15 Engine, axis 16 int32=1,
  force_nd_im2col 17 bool, dilation 18 uint32*
CropParameter: axis 1 int32=2, offset 2 uint32*
DropoutParameter: dropout_ratio 1 float
EltwiseParameter: operation 1 EltwiseOp=SUM, coeff 2 float*, stable_prod_grad 3 bool
ELUParameter: alpha 1 float=1
ExpParameter: base 1 float=-1, scale 2 float=1, shift 3 float
FlattenParameter: axis 1 int32=1, end_axis 2 int32=-1
InnerProductParameter: num_output 1 uint32, bias_term 2 bool=true,
  weight_filler 3 FillerParameter, bias_filler 4 FillerParameter, axis 5 int32=1,
  transpose 6 bool
InputParameter: shape 1 BlobShape*
LogParameter: base 1 float=-1, scale 2 float=1, shift 3 float
LRNParameter: local_size 1 uint32=5, alpha 2 float=1, beta 3 float=0.75,
  norm_region 4 NormRegion, k 5 float=1, engine 6 Engine
MVNParameter: normalize_variance 1 bool=true, across_channels 2 bool, eps 3 float=1e-9
NormalizeParameter: across_spatial 1 bool=true, scale_filler 2 FillerParameter,
  channel_shared 3 bool=true, eps 4 float=1e-10
PermuteParameter: order 1 uint32*
PoolingParameter: pool 1 PoolMethod, kernel_size 2 uint32, stride 3 uint32=1, pad 4 uint32,
  kernel_h 5 uint32, kernel_w 6 uint32, stride_h 7 uint32, stride_w 8 uint32, pad_h 9 uint32,
  pad_w 10 uint32, engine 11 Engine, global_pooling 12 bool, round_mode 13 RoundMode
PowerParameter: power 1 float=1, scale 2 float=1, shift 3 float
PReLUParameter: filler 1 FillerParameter, channel_shared 2 bool
ReLUParameter: negative_slope 1 float, engine 2 Engine
ReshapeParameter: shape 1 BlobShape, axis 2 int32, num_axes 3 int32=-1
ScaleParameter: axis 1 int32=1, num_axes 2 int32=1, filler 3 FillerParameter, bias_term 4 bool,
  bias_filler 5 FillerParameter
SigmoidParameter: engine 1 Engine
SliceParameter: slice_dim 1 uint32=1, slice_point 2 uint32*, axis 3 int32=1
SoftmaxParameter: engine 1 Engine, axis 2 int32=1
TanHParameter: engine 1 Engine
TileParameter: axis 1 int32=1, tiles 2 int32
LayerParameter: name 1 string, type 2 string, bottom 3 string*, top 4 string*,
  loss_weight 5 float*, param 6 ParamSpec*, blobs 7 BlobProto*, include 8 NetStateRule*,
  exclude 9 NetStateRule*, phase 10 Phase, propagate_down 11 bool*,
  argmax_param 103 ArgMaxParameter, concat_param 104 ConcatParameter,
  convolution_param 106 ConvolutionParameter, dropout_param 108 DropoutParameter,
  eltwise_param 110 EltwiseParameter, exp_param 111 ExpParameter,
  inner_product_param 117 InnerProductParameter, lrn_param 118 LRNParameter,
  mvn_param 120 MVNParameter, pooling_param 121 PoolingParameter, power_param 122 PowerParameter,
  relu_param 123 ReLUParameter, sigmoid_param 124 SigmoidParameter,
  softmax_param 125 SoftmaxParameter, slice_param 126 SliceParameter,
  tanh_param 127 TanHParameter, prelu_param 131 PReLUParameter,
  reshape_param 133 ReshapeParameter, log_param 134 LogParameter,
  flatten_param 135 FlattenParameter, tile_param 138 TileParameter,
  batch_norm_param 139 BatchNormParameter, elu_param 140 ELUParameter,
  bias_param 141 BiasParameter, scale_param 142 ScaleParameter, input_param 143 InputParameter,
  crop_param 144 CropParameter, permute_param 202 PermuteParameter,
  norm_param 206 NormalizeParameter
V1LayerParameter: bottom 2 string*, top 3 string*, name 4 string, type 5 V1Type,
  blobs 6 BlobProto*, blobs_lr 7 float*, weight_decay 8 float*, concat_param 9 ConcatParameter,
  convolution_param 10 ConvolutionParameter, dropout_param 12 DropoutParameter,
  inner_product_param 17 InnerProductParameter, lrn_param 18 LRNParameter,
  pooling_param 19 PoolingParameter, power_param 21 PowerParameter,
  argmax_param 23 ArgMaxParameter, eltwise_param 24 EltwiseParameter,
  relu_param 30 ReLUParameter, slice_param 31 SliceParameter, include 32 NetStateRule*,
  exclude 33 NetStateRule*, mvn_param 34 MVNParameter, loss_weight 35 float*,
  tanh_param 37 TanHParameter, sigmoid_param 38 SigmoidParameter,
  softmax_param 39 SoftmaxParameter, exp_param 41 ExpParameter
"""
_ENUMS = {
    "DimCheckMode": ("STRICT", "PERMISSIVE"),
    "EltwiseOp": ("PROD", "SUM", "MAX"),
    "Engine": ("DEFAULT", "CAFFE", "CUDNN"),
    "NormRegion": ("ACROSS_CHANNELS", "WITHIN_CHANNEL"),
    "Phase": ("TRAIN", "TEST"),
    "PoolMethod": ("MAX", "AVE", "STOCHASTIC"),
    "RoundMode": ("CEIL", "FLOOR"),
    "VarianceNorm": ("FAN_IN", "FAN_OUT", "AVERAGE"),
    "V1Type": (
        "NONE",
        "ACCURACY",
        "BNLL",
        "CONCAT",
        "CONVOLUTION",
        "DATA",
        "DROPOUT",
        "EUCLIDEAN_LOSS",
        "FLATTEN",
        "HDF5_DATA",
        "HDF5_OUTPUT",
        "IM2COL",
        "IMAGE_DATA",
        "INFOGAIN_LOSS",
        "INNER_PRODUCT",
        "LRN",
        "MULTINOMIAL_LOGISTIC_LOSS",
        "POOLING",
        "RELU",
        "SIGMOID",
        "SOFTMAX",
        "SOFTMAX_LOSS",
        "SPLIT",
        "TANH",
        "WINDOW_DATA",
        "ELTWISE",
        "POWER",
        "SIGMOID_CROSS_ENTROPY_LOSS",
        "HINGE_LOSS",
        "MEMORY_DATA",
        "ARGMAX",
        "THRESHOLD",
        "DUMMY_DATA",
        "SLICE",
        "MVN",
        "ABSVAL",
        "SILENCE",
        "CONTRASTIVE_LOSS",
        "EXP",
        "DECONVOLUTION",
    ),
}
_PACKAGE = "caffe"
_Field = descriptor_pb2.FieldDescriptorProto


@cache
def net_parameter() -> Any:
    """Return the class of the message that a network is."""
    file = descriptor_pb2.FileDescriptorProto(
        name="caffe.proto", package=_PACKAGE, syntax="proto2"
    )
    for name, values in _ENUMS.items():
        # each in a message of its own: the values of all that stand beside each other must differ
        enum = file.message_type.add(name=name).enum_type.add(name="Value")
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for line in _SCHEMA.strip().replace("\n  ", " ").splitlines():
        name, _, fields = line.partition(": ")
        message = file.message_type.add(name=name)
        for field in fields.split(", "):
            _add(message, *field.split())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.NetParameter"))


def _add(message: Any, name: str, number: str, kind: str) -> None:
    repeated = kind.endswith("*")
    kind, _, default = kind.removesuffix("*").partition("=")
    field = message.field.add(name=name, number=int(number))
    if default:
        field.default_value = default
    field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    if kind in _ENUMS:
        field.type, field.type_name = _Field.TYPE_ENUM, f".{_PACKAGE}.{kind}.Value"
    elif kind[0].isupper():
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    else:
        field.type = getattr(_Field, f"TYPE_{kind.upper()}")
