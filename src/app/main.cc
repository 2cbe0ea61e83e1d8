// millrace SUBCOMMAND …: finds the subcommand and hands over.
#include <cstdio>
#include <map>
#include <string_view>

#include "app/subcommand.h"

namespace millrace::app {
namespace {
const Subcommand* first = nullptr;

int list(FILE* out) {
  std::fprintf(out, "usage: millrace SUBCOMMAND [--help | options]\n\n");
  std::map<std::string_view, const Subcommand*> by_name;
  for (const Subcommand* s = first; s; s = s->next) by_name[s->name] = s;
  for (const auto& [name, s] : by_name) std::fprintf(out, "  %-20s %s\n", s->name, s->summary);
  return out == stdout ? 0 : 2;
}
}  // namespace

Subcommand::Subcommand(const char* n, const char* s, int (*r)(int, char**)) : name(n), summary(s), run(r), next(first) { first = this; }
}  // namespace millrace::app

int main(int argc, char** argv) {
  using namespace millrace::app;
  if (argc < 2) return list(stderr);
  const std::string_view wanted = argv[1];
  if (wanted == "--help" || wanted == "-h" || wanted == "help") return list(stdout);
  for (const Subcommand* s = first; s; s = s->next)
    if (wanted == s->name) return s->run(argc - 1, argv + 1);
  std::fprintf(stderr, "millrace: there is no subcommand '%s'\n\n", argv[1]);
  return list(stderr);
}
