#pragma once
// What fuzz targets share: `TARGET --write-seeds=DIR` writes the inputs that a run starts from and ends (scripts/fuzz.sh).

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::fuzz {

// Call from LLVMFuzzerInitialize; `seeds` makes them.
template <class Seeds>
void write_seeds_if_asked(int argc, char** argv, Seeds&& seeds) {
  constexpr std::string_view kOption = "--write-seeds=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (!argument.starts_with(kOption)) continue;
    const std::string directory(argument.substr(kOption.size()));
    int count = 0;
    for (const std::string& seed : seeds()) std::ofstream(directory + "/" + std::to_string(count++), std::ios::binary) << seed;
    std::printf("%d seeds\n", count);
    std::exit(count > 0 ? 0 : 1);
  }
}

}  // namespace millrace::fuzz

// A promise that the input broke: ends the process, so that libFuzzer keeps the input.
#define MILLRACE_FUZZ_EXPECT(expression, why)                                                                           \
  do {                                                                                                                  \
    if (!(expression)) std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, std::string(why).c_str()), std::abort(); \
  } while (false)

// What libFuzzer calls: run(std::string_view) with an input, and `seeds()`, a vector of strings. Once a file, outside of namespaces; both with their namespaces.
#define MILLRACE_FUZZ_TARGET(run, seeds)                                    \
  extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {            \
    millrace::fuzz::write_seeds_if_asked(*argc, *argv, seeds);              \
    return 0;                                                               \
  }                                                                         \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
    run(std::string_view(reinterpret_cast<const char*>(data), size));       \
    return 0;                                                               \
  }
