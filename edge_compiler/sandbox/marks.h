/* marks.h - how an emulated program tells count.c where it is: by a system call that does nothing.
 *
 * A program that runs a model sets mark 2 n when step n begins, and mark 2 n + 1 when it has ended. What it does
 * between an odd mark and the next even one, such as reading what the step computed, is not counted for any step.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EDGE_MARKS_H
#define EDGE_MARKS_H

/* getpriority(PRIO_PROCESS, EDGE_MARK_FIRST + mark): process numbers are smaller, so there is no such process. */
#define EDGE_MARK_FIRST 0x45440000
#define EDGE_MARKS 0x10000

#endif
