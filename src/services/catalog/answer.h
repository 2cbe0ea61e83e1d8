#pragma once
// What a request is answered.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace millrace::catalog {

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers{};
};

// One thing that is wrong in what was uploaded. Lines and columns count from 1; 0: of the whole.
struct UploadError {
  uint32_t line = 0, column = 0;
  std::string message;
};

// {"error_code": <status>, "message": …}; of an upload that is wrong also "errors" and "text", all of them at once.
struct Refusal {
  int status = 400;
  std::string message;
  std::vector<UploadError> errors{};
  std::string text{};  // one line an error, as a compiler writes them
};

Answer answer_of(const Refusal& refusal);
// 422. `what` begins the lines of the text: "acme.yaml:12:17: …".
Refusal wrong_upload(std::vector<UploadError> errors, const std::string& what);

}  // namespace millrace::catalog
