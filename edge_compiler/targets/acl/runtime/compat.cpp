// compat.cpp - three functions that the library calls and that the run-time libraries of GCC 12 and glibc 2.36 lack.
//
// They are weak: a newer tool chain's own are taken before them.
//
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <exception>
#include <iostream> // its initialiser is what ios_base_library_init() stands for

extern "C" __attribute__((weak)) long __isoc23_strtol(const char *text, char **end, int base)
{
    return std::strtol(text, end, base);
}

extern "C" __attribute__((weak, noreturn)) void __cxa_call_terminate(void *) noexcept { std::terminate(); }

extern "C" __attribute__((weak)) void ios_base_library_init() __asm__("_ZSt21ios_base_library_initv");
extern "C" void ios_base_library_init() {}
