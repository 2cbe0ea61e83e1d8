// What the fault libraries share: which file a descriptor is, and their control files. A control file is looked for at every call; without it there is no fault.
#pragma once
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// The path of an open file, at most `size` bytes with the 0; "" if there is none.
static inline void path_of(int descriptor, char* path, size_t size) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = readlink(link, path, size - 1);
  path[length > 0 ? length : 0] = 0;
}

// The text of the control file that the variable names; 0: there is none. By system calls alone: the callers stand in for the library's own.
static inline int read_control(const char* variable, char* text, size_t size) {
  const char* control = getenv(variable);
  if (!control) return 0;
  const int file = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC, 0);
  if (file < 0) return 0;
  const long length = syscall(SYS_read, file, text, size - 1);
  syscall(SYS_close, file);
  text[length > 0 ? length : 0] = 0;
  return length > 0;
}
