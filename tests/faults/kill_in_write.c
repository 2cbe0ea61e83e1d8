// LD_PRELOAD for any process: kills it (SIGKILL) in the midst of what it writes to a file.
//
// MILLRACE_KILL_IN_WRITE names the control file; while it exists, its text is "N CALL WORD": the Nth such call from now on on a file whose path contains the word
// kills. CALL is `write` (half of the bytes are written), `sync` (all is written, nothing synced) or `synced` (it is synced, and nobody was told). The file is read
// at each call and removed before the kill, so that a restart runs through.
#include "file_path.h"

#include <dlfcn.h>
#include <signal.h>

static int seen = 0;

// Whether this call is the one.
static int is_due(int descriptor, const char* call) {
  char control[512], wanted_call[16] = "", word[256] = "", path[1024];
  int wanted = 0;
  if (!read_control("MILLRACE_KILL_IN_WRITE", control, sizeof control)) return 0;
  if (sscanf(control, "%d %15s %255s", &wanted, wanted_call, word) != 3 || strcmp(call, wanted_call) != 0) return 0;
  path_of(descriptor, path, sizeof path);
  return strstr(path, word) && __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST) >= wanted;
}

static void die(void) {
  unlink(getenv("MILLRACE_KILL_IN_WRITE"));
  kill(getpid(), SIGKILL);
  pause();
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRITES(name, parameters, half, whole)                 \
  ssize_t name parameters {                                   \
    static __typeof__(&name) real;                            \
    if (!real) real = REAL(name);                             \
    if (is_due(descriptor, "write")) (void)!real half, die(); \
    return real whole;                                        \
  }
#define SYNCS(name)                          \
  int name(int descriptor) {                 \
    static __typeof__(&name) real;           \
    if (!real) real = REAL(name);            \
    if (is_due(descriptor, "sync")) die();   \
    const int result = real(descriptor);     \
    if (is_due(descriptor, "synced")) die(); \
    return result;                           \
  }

WRITES(write, (int descriptor, const void* bytes, size_t size), (descriptor, bytes, size / 2), (descriptor, bytes, size))
WRITES(pwrite, (int descriptor, const void* bytes, size_t size, off_t at), (descriptor, bytes, size / 2, at), (descriptor, bytes, size, at))
WRITES(pwrite64, (int descriptor, const void* bytes, size_t size, off64_t at), (descriptor, bytes, size / 2, at), (descriptor, bytes, size, at))
SYNCS(fsync)
SYNCS(fdatasync)
