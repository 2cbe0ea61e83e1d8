#pragma once
// What a check says.

#include <string>

namespace millrace::check {

enum class Severity { kError, kWarning };

struct Finding {
  Severity severity;
  std::string subject;  // "broker", "topic order.created"
  std::string text;     // what it is, why it matters, what to do
};

}  // namespace millrace::check
