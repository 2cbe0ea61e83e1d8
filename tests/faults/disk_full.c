// LD_PRELOAD for any process: while its control file exists, the disk below a directory is full.
//
// MILLRACE_DISK_FULL names the control file; its text is a path. Writes to files whose path begins so, making them longer, and syncing them fail with ENOSPC;
// reading, overwriting by mmap, renaming and removing go on, as on a full disk. Who asks how much is free there is told: nothing. With a second line, `nearly`,
// that is all. Each of these adds a byte to the file `CONTROL.seen`, so that a test can tell that the fault was met.
#include "file_path.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

static void tell_seen(void) {
  char seen[1024];
  snprintf(seen, sizeof seen, "%s.seen", getenv("MILLRACE_DISK_FULL"));
  const int file = (int)syscall(SYS_openat, AT_FDCWD, seen, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  syscall(SYS_write, file, "x", 1);
  syscall(SYS_close, file);
}

static int is_below(const char* path, int nearly_too) {
  char below[1024];
  if (!read_control("MILLRACE_DISK_FULL", below, sizeof below)) return 0;
  const int nearly = strstr(below, "\nnearly") != NULL;
  below[strcspn(below, "\n")] = 0;
  if ((nearly && !nearly_too) || !below[0] || strncmp(path, below, strlen(below)) != 0) return 0;
  tell_seen();
  return 1;
}

static int is_full(int descriptor) {
  char path[1024];
  path_of(descriptor, path, sizeof path);
  return is_below(path, 0);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
// A function that fails on a full disk. `failure` is what it returns then; errno is set as well.
#define FAILS(type, name, parameters, arguments, failure)    \
  type name parameters {                                     \
    static __typeof__(&name) real;                           \
    if (!real) real = REAL(name);                            \
    if (is_full(descriptor)) return errno = ENOSPC, failure; \
    return real arguments;                                   \
  }

FAILS(ssize_t, write, (int descriptor, const void* bytes, size_t size), (descriptor, bytes, size), -1)
FAILS(ssize_t, pwrite, (int descriptor, const void* bytes, size_t size, off_t at), (descriptor, bytes, size, at), -1)
FAILS(ssize_t, pwrite64, (int descriptor, const void* bytes, size_t size, off64_t at), (descriptor, bytes, size, at), -1)
FAILS(ssize_t, writev, (int descriptor, const struct iovec* pieces, int count), (descriptor, pieces, count), -1)
FAILS(ssize_t, pwritev, (int descriptor, const struct iovec* pieces, int count, off_t at), (descriptor, pieces, count, at), -1)
FAILS(ssize_t, pwritev64, (int descriptor, const struct iovec* pieces, int count, off64_t at), (descriptor, pieces, count, at), -1)
FAILS(int, fallocate64, (int descriptor, int mode, off64_t at, off64_t size), (descriptor, mode, at, size), -1)
FAILS(int, fallocate, (int descriptor, int mode, off_t at, off_t size), (descriptor, mode, at, size), -1)
FAILS(int, posix_fallocate, (int descriptor, off_t at, off_t size), (descriptor, at, size), ENOSPC)
FAILS(int, posix_fallocate64, (int descriptor, off64_t at, off64_t size), (descriptor, at, size), ENOSPC)
FAILS(int, fsync, (int descriptor), (descriptor), -1)
FAILS(int, fdatasync, (int descriptor), (descriptor), -1)

// What is free is nothing.
#define NOTHING_FREE(name, parameters, arguments, where)               \
  int name parameters {                                                      \
    static __typeof__(&name) real;                                           \
    if (!real) real = REAL(name);                                            \
    const int failed = real arguments;                                       \
    if (failed == 0 && (where)) filesystem->f_bfree = filesystem->f_bavail = 0; \
    return failed;                                                           \
  }

static int is_full_or_nearly(int descriptor) {
  char path[1024];
  path_of(descriptor, path, sizeof path);
  return is_below(path, 1);
}

NOTHING_FREE(statvfs, (const char* path, struct statvfs* filesystem), (path, filesystem), is_below(path, 1))
NOTHING_FREE(statvfs64, (const char* path, struct statvfs64* filesystem), (path, filesystem), is_below(path, 1))
NOTHING_FREE(fstatvfs, (int descriptor, struct statvfs* filesystem), (descriptor, filesystem), is_full_or_nearly(descriptor))
NOTHING_FREE(fstatvfs64, (int descriptor, struct statvfs64* filesystem), (descriptor, filesystem), is_full_or_nearly(descriptor))
