// LD_PRELOAD for clickhouse-embedded: kills the process (SIGKILL) just before it renames a freshly written part (tmp_insert…)
// into place: after the deduplication log was written, which is how a token can outlive its rows.
//
// MILLRACE_KILL_AT_RENAME names a file; while it exists, its text is "N [word]": the Nth such rename from now on kills, counting
// only paths that contain the word. The file is read at each rename and removed before the kill, so that a restart runs through.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int seen = 0;

static void before_rename(const char* from) {
  const char* control = getenv("MILLRACE_KILL_AT_RENAME");
  if (!control || !from || !strstr(from, "tmp_insert")) return;
  FILE* file = fopen(control, "r");
  if (!file) return;
  int wanted = 0;
  char word[256] = "";
  const int fields = fscanf(file, "%d %255s", &wanted, word);
  fclose(file);
  if (fields < 1 || (word[0] && !strstr(from, word))) return;
  if (__atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST) < wanted) return;
  unlink(control);
  kill(getpid(), SIGKILL);
  pause();
}

int rename(const char* from, const char* to) {
  static int (*real)(const char*, const char*);
  if (!real) real = (int (*)(const char*, const char*))dlsym(RTLD_NEXT, "rename");
  before_rename(from);
  return real(from, to);
}

// The engine renames without replacing by syscall(SYS_renameat2, …).
long syscall(long number, ...) {
  static long (*real)(long, ...);
  if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  va_list list;
  va_start(list, number);
  long a[6];
  for (int i = 0; i < 6; ++i) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_renameat2 || number == SYS_renameat) before_rename((const char*)a[1]);
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
