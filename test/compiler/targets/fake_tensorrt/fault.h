// fault.h - what shall go wrong: the environment variable FAKE_FAULT names it.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef FAKE_FAULT_H
#define FAKE_FAULT_H

#include <cstdlib>
#include <string>

inline bool fault(const char *name)
{
    const char *wanted = std::getenv("FAKE_FAULT");
    return wanted && std::string(wanted) == name;
}

#endif
