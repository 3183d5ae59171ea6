/* count.c - a plugin of QEMU 7 that counts the instructions each guest thread executes, up to the marks it sets:
 *
 *     qemu-aarch64 -plugin count.so,log=PATH PROGRAM
 *
 * marks.h says how a thread sets a mark. Each becomes a line of the log: its number, and how many instructions the
 * thread has executed before it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "plugin.h"

static FILE *marks;

/* A guest's thread is a thread of QEMU: each counts its own, so that idle threads don't disturb. */
static _Thread_local uint64_t instructions;

static void count_block(unsigned processor, void *size)
{
    (void)processor;
    instructions += (uintptr_t)size;
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    uintptr_t size = qemu_plugin_tb_n_insns(block);
    qemu_plugin_register_vcpu_tb_exec_cb(block, count_block, NO_REGISTERS, (void *)size);
}

static void on_mark(uint32_t mark)
{
    fprintf(marks, "%" PRIu32 " %" PRIu64 "\n", mark, instructions);
    fflush(marks); /* the program may be killed */
}

int qemu_plugin_install(plugin_id id, const plugin_info *info, int count, char **arguments)
{
    marks = install(id, info, count, arguments, on_mark);
    if (!marks)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
