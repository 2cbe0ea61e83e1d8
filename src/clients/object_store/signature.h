#pragma once
// AWS Signature Version 4 in the Authorization header, as S3 and its like take it:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/http/client.h"

namespace millrace::object_store {

struct Credentials {
  std::string access_key{}, secret_key{};
  std::string session_token{};  // of temporary ones; "": none
};

struct SignedRequest {
  std::string method;                                      // GET, PUT …
  std::string host;                                        // with the port, where it isn't the scheme's
  std::string path;                                        // escaped, from the first slash on
  std::vector<std::pair<std::string, std::string>> query;  // not escaped; in any order
  http::Headers headers;                                   // to be signed besides host, date and digest; names in lower case
  std::string body_sha256;                                 // hex
};

// The headers to send besides those that the request has: digest, date, token, signature. Not `host`: the HTTP client sends that.
http::Headers signature(const SignedRequest& request, const Credentials& credentials, std::string_view region, std::string_view service,
                        std::chrono::system_clock::time_point now);

std::string query_text(std::vector<std::pair<std::string, std::string>> query);  // escaped and sorted, as signed and as sent: "a=b&c=d"
std::string escape_path(std::string_view path);                                  // as http::escape, but leaves slashes

// Of a URL without a path, as clients send it, and so as it is signed: without the port that is the scheme's own (RFC 9110, 7.2).
std::string host_header(std::string_view url);

}  // namespace millrace::object_store
