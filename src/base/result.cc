#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace millrace {

void check_failed(const char* expression, const char* file, int line, const std::string& why) {
  std::fprintf(stderr, "%s:%d: check failed: %s: %s\n", file, line, expression, why.c_str());
  std::abort();
}

}  // namespace millrace
