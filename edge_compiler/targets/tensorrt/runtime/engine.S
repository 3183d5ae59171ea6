/* engine.S - the engine, as build_engine has made it. SPDX-License-Identifier: Apache-2.0 */
    .section .rodata
    .balign 4096
    .global edge_tensorrt_engine
    .hidden edge_tensorrt_engine
edge_tensorrt_engine:
    .incbin "engine.plan"
    .global edge_tensorrt_engine_end
    .hidden edge_tensorrt_engine_end
edge_tensorrt_engine_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits
