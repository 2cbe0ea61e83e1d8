#pragma once
// HTTP requests over libcurl: no retries, every request with a deadline. GET and HEAD use connections again; anything
// else opens its own, because libcurl repeats a request on its own when a used connection turns out to be dead.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Fills the buffer with the next bytes of the body and returns their number; 0 ends the body.
using BodySource = std::function<size_t(char* buffer, size_t size)>;
// Takes the next bytes of the answer's body; false ends the transfer (an error then).
using BodySink = std::function<bool(std::string_view bytes)>;

struct Request {
  std::string method = "GET";
  std::string url{};  // query included, already escaped: see escape()
  Headers headers{};
  std::string_view body{};   // sent with a declared length
  BodySource body_source{};  // instead of `body`: sent chunked, or with a declared length of body_source_size
  int64_t body_source_size = -1;
  BodySink body_sink{};                        // takes the body of a 2xx answer instead of Response::body
  std::string user{}, password{};              // basic authentication when `user` is not empty
  std::chrono::milliseconds deadline{10'000};  // for all of it
  std::chrono::milliseconds connect_deadline{2'000};
  std::chrono::seconds stall_deadline{0};  // given up when not a byte moved for so long; 0: the deadline alone counts
  std::function<bool()> cancelled{};       // asked some times a second, and once a second at least; true ends the request (an error then)
};

struct Response {
  int status = 0;
  Headers headers;  // names in lower case
  std::string body;
  const std::string* header(std::string_view name) const;  // nullptr: not there; name in lower case
};

// One thread at a time. An answer of any status is a Response. Errors: kTransient when the request surely never left
// (refused, not resolved, no connection in time), kUnknown for everything after that, kPermanent for a request that
// can't be sent at all (malformed URL).
class Client {
 public:
  Client();
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  Result<Response> send(const Request& request);
  void forget_connections();  // the next request opens a new one

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string escape(std::string_view text);  // percent-encoding of everything but RFC 3986's unreserved characters

}  // namespace millrace::http
