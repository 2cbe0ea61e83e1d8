#pragma once
// One line an event on standard error: time, level, process, text. Thread-safe.

#include <spdlog/spdlog.h>

#include <string>

namespace millrace::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

// Call once, first thing in a process. `process` is the subcommand ("worker"); `level` is spdlog's name of a level.
void start(const std::string& process, const std::string& level = "info");

}  // namespace millrace::log
