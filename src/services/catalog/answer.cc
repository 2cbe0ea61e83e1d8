#include "services/catalog/answer.h"

#include <nlohmann/json.hpp>

namespace millrace::catalog {

using nlohmann::ordered_json;

Answer answer_of(const Refusal& refusal) {
  ordered_json body = {{"error_code", refusal.status}, {"message", refusal.message}};
  if (!refusal.errors.empty()) {
    for (const UploadError& error : refusal.errors) body["errors"].push_back({{"line", error.line}, {"column", error.column}, {"message", error.message}});
    body["text"] = refusal.text;
  }
  return {refusal.status, body.dump(-1, ' ', false, ordered_json::error_handler_t::replace)};
}

Refusal wrong_upload(std::vector<UploadError> errors, const std::string& what) {
  std::string text;
  for (const UploadError& error : errors) {
    text += what + ":";
    if (error.line > 0) text += std::to_string(error.line) + ":";
    if (error.column > 0) text += std::to_string(error.column) + ":";
    text += " " + error.message + "\n";
  }
  const std::string count = errors.size() == 1 ? "one thing is wrong" : std::to_string(errors.size()) + " things are wrong";
  return {422, what + ": " + count + "; nothing was changed", std::move(errors), std::move(text)};
}

}  // namespace millrace::catalog
