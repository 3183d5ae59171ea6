/* count.c - a plugin of QEMU 7 that counts the instructions each guest thread executes, up to the marks it sets:
 *
 *     qemu-aarch64 -plugin count.so,log=PATH PROGRAM
 *
 * marks.h says how a thread sets a mark. Each becomes a line of the log: its number, and how many instructions the
 * thread has executed before it.
 *
 * Distributions install QEMU without its header for plugins, so the part of version 1 of that interface which is used
 * here is declared below.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "marks.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb; /* a translated block of guest code, executed from its first to its last instruction */
enum callback_registers { NO_REGISTERS };

typedef struct plugin_info {
    const char *target_name;
    struct {
        int minimum, current;
    } version;
    bool system_emulation;
    /* what follows is about whole machines */
} plugin_info;

typedef void translated(plugin_id id, struct qemu_plugin_tb *block);
typedef void executed(unsigned processor, void *user);
typedef void called(plugin_id id, unsigned processor, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                    uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated *callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, executed *callback,
                                          enum callback_registers registers, void *user);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id id, called *callback);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id id, const plugin_info *info, int count, char **arguments);

static FILE *marks;
static int64_t getpriority_number;

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

static void on_system_call(plugin_id id, unsigned processor, int64_t number, uint64_t which, uint64_t who, uint64_t a3,
                           uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)processor, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    uint32_t mark = (uint32_t)who - EDGE_MARK_FIRST;
    if (number != getpriority_number || which != 0 || mark >= EDGE_MARKS)
        return;
    fprintf(marks, "%" PRIu32 " %" PRIu64 "\n", mark, instructions);
    fflush(marks); /* the program may be killed */
}

int qemu_plugin_install(plugin_id id, const plugin_info *info, int count, char **arguments)
{
    bool arm64 = strcmp(info->target_name, "aarch64") == 0;
    if (info->system_emulation || (!arm64 && strcmp(info->target_name, "arm") != 0)) {
        fprintf(stderr, "count: only programs for aarch64 and arm can be counted, not for %s\n", info->target_name);
        return -1;
    }
    getpriority_number = arm64 ? 141 : 96;
    if (count != 1 || strncmp(arguments[0], "log=", 4) != 0) {
        fprintf(stderr, "count: expected the argument log=PATH\n");
        return -1;
    }
    marks = fopen(arguments[0] + 4, "w");
    if (!marks) {
        perror(arguments[0] + 4);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_vcpu_syscall_cb(id, on_system_call);
    return 0;
}
