#pragma once
// An HTTP/1.1 server (cpp-httplib): loopback by default, port 0 picks a free one, bodies in and out can be streamed.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::http_server {

// One request, valid during its handler.
class Request {
 public:
  std::string method, path;
  std::string target;                             // as it was sent: still percent-encoded, with the query
  std::vector<std::string> matches;               // [0] the path, then the groups of the route's pattern; percent-decoded
  std::multimap<std::string, std::string> query;  // decoded
  std::string remote;                             // address of the peer

  std::optional<std::string> parameter(const std::string& name) const;  // the first of that name in the query
  std::optional<std::string> header(const std::string& name) const;     // name in any case
  // The whole body. An error (answer 400 and close) when it was cut short or exceeds `bytes_max`.
  Result<std::string> body(size_t bytes_max = 64u << 20);
  // The body in pieces as they arrive; `sink` returns false to stop. The error is as of body().
  // Call one of the two at most once; a GET or HEAD has no body.
  Status stream_body(const std::function<bool(std::string_view)>& sink);

 private:
  friend class Server;
  const void* raw_ = nullptr;
  const void* reader_ = nullptr;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Instead of `body`, sent chunked: called once after the handler; hands pieces to `write` (false: the peer is gone)
  // and returns whether the body is complete. Not complete: the connection is broken off, so that the peer notices.
  std::function<bool(const std::function<bool(std::string_view)>& write)> stream;
};

using Handler = std::function<void(Request&, Response&)>;

struct Options {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  size_t threads = 8;  // requests served at once
  size_t body_bytes_max = 1u << 30;
  int read_timeout_s = 300, write_timeout_s = 300;
  int keep_alive_s = 1;  // an idle connection holds a thread for so long, and stop() up
};

// Routes first, then start(). Handlers run on the pool's threads, several at once; an exception in one answers 500.
// stop() (or the destructor) stops accepting, lets running requests end, and joins.
class Server {
 public:
  explicit Server(Options options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // `pattern` is a regular expression (ECMAScript) over the whole path. GET routes answer HEAD too.
  void route(const std::string& method, const std::string& pattern, Handler handler);
  Status start();  // listens when it returns; the error names the port
  void stop();
  uint16_t port() const;
  std::string address() const;  // "127.0.0.1:8123"

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::http_server
