#pragma once
// Where another thread of this process stands.

#include <pthread.h>

namespace millrace {

// Writes the stack of the thread to standard error, a frame a line (`addr2line -e millrace ADDRESS` tells the line of code), and returns then, or after a
// second if the thread doesn't answer. For the last moments of a process: it takes SIGUSR2 for itself.
void print_stack(pthread_t thread);

}  // namespace millrace
