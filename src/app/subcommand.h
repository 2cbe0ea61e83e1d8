#pragma once
// A subcommand of the `millrace` binary: one small .cc file here each, which defines one static Subcommand and is done.

namespace millrace::app {

struct Subcommand {
  // `run` gets argc/argv from the subcommand's name on, parses them itself (CLI11) and returns the exit status.
  Subcommand(const char* name, const char* summary, int (*run)(int argc, char** argv));
  const char* name;
  const char* summary;
  int (*run)(int argc, char** argv);
  const Subcommand* next;
};

}  // namespace millrace::app
