/* plugin.h - what plugins of QEMU 7 that watch marks have in common.
 *
 * Distributions install QEMU without its header for plugins, so the part of version 1 of that interface which is used
 * is declared here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_PLUGIN_H
#define EDGE_PLUGIN_H

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
struct qemu_plugin_insn;
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
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated *callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, executed *callback,
                                          enum callback_registers registers, void *user);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id id, called *callback);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id id, const plugin_info *info, int count, char **arguments);

static int64_t getpriority_number;
static void (*marked)(uint32_t mark);

static void on_system_call(plugin_id id, unsigned processor, int64_t number, uint64_t which, uint64_t who, uint64_t a3,
                           uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)processor, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    const uint32_t mark = (uint32_t)who - EDGE_MARK_FIRST;
    if (number == getpriority_number && which == 0 && mark < EDGE_MARKS)
        marked(mark);
}

/* Have a function called at each mark, by the thread that sets it. Returns the log that the only argument names, or NULL. */
static FILE *install(plugin_id id, const plugin_info *info, int count, char **arguments, void (*on_mark)(uint32_t))
{
    const bool arm64 = strcmp(info->target_name, "aarch64") == 0;
    if (info->system_emulation || (!arm64 && strcmp(info->target_name, "arm") != 0)) {
        fprintf(stderr, "count: only programs for aarch64 and arm can be counted, not for %s\n", info->target_name);
        return NULL;
    }
    if (count != 1 || strncmp(arguments[0], "log=", 4) != 0) {
        fprintf(stderr, "count: expected the argument log=PATH\n");
        return NULL;
    }
    FILE *log = fopen(arguments[0] + 4, "w");
    if (!log) {
        perror(arguments[0] + 4);
        return NULL;
    }
    getpriority_number = arm64 ? 141 : 96;
    marked = on_mark;
    qemu_plugin_register_vcpu_syscall_cb(id, on_system_call);
    return log;
}

#endif
