/* blocks.c - a plugin of QEMU 7 that counts how often each block of guest code is executed from one mark to the next:
 *
 *     qemu-aarch64 -plugin blocks.so,log=PATH PROGRAM
 *
 * At each mark (marks.h) it writes, and forgets: a line `mark N`, and one for each block that was executed since: how often,
 * its address, and its instructions in hexadecimal. All threads are counted together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "plugin.h"

#include <pthread.h>
#include <stdlib.h>

/* Code that is translated anew has another block. */
typedef struct block {
    struct block *next;
    uint64_t executions, address;
    size_t bytes;
    unsigned char code[];
} block;

static FILE *log_file;
static block *blocks;
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;

static void count_block(unsigned processor, void *counted)
{
    (void)processor;
    __atomic_fetch_add(&((block *)counted)->executions, 1, __ATOMIC_RELAXED);
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *translated_block)
{
    (void)id;
    const size_t count = qemu_plugin_tb_n_insns(translated_block);
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += qemu_plugin_insn_size(qemu_plugin_tb_get_insn(translated_block, i));
    block *new = calloc(1, sizeof *new + bytes);
    if (!new)
        abort();
    new->address = qemu_plugin_tb_vaddr(translated_block);
    for (size_t i = 0; i < count; i++) {
        const struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(translated_block, i);
        memcpy(new->code + new->bytes, qemu_plugin_insn_data(instruction), qemu_plugin_insn_size(instruction));
        new->bytes += qemu_plugin_insn_size(instruction);
    }
    pthread_mutex_lock(&changing);
    new->next = blocks, blocks = new;
    pthread_mutex_unlock(&changing);
    qemu_plugin_register_vcpu_tb_exec_cb(translated_block, count_block, NO_REGISTERS, new);
}

static void on_mark(uint32_t mark)
{
    pthread_mutex_lock(&changing);
    fprintf(log_file, "mark %" PRIu32 "\n", mark);
    for (block *b = blocks; b; b = b->next) {
        const uint64_t executions = __atomic_exchange_n(&b->executions, 0, __ATOMIC_RELAXED);
        if (!executions)
            continue;
        fprintf(log_file, "%" PRIu64 " %" PRIx64 " ", executions, b->address);
        for (size_t i = 0; i < b->bytes; i++) fprintf(log_file, "%02x", b->code[i]);
        fputc('\n', log_file);
    }
    fflush(log_file); /* the program may be killed */
    pthread_mutex_unlock(&changing);
}

int qemu_plugin_install(plugin_id id, const plugin_info *info, int count, char **arguments)
{
    log_file = install(id, info, count, arguments, on_mark);
    if (!log_file)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
