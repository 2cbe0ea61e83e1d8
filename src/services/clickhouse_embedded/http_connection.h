#pragma once
// The server's side of one HTTP/1.1 connection (RFC 9112), blocking, one thread. The body is read in pieces as it comes, and a
// body that ends early is told from one that is complete: what an insert stands or falls with.

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::clickhouse_embedded {

struct RequestHead {
  std::string method, path;
  std::multimap<std::string, std::string> parameters;  // of the URL, decoded
  std::map<std::string, std::string> headers;          // names in lower case
  std::string parameter(const std::string& name, std::string otherwise = {}) const;
  std::string header(const std::string& name) const;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

class HttpConnection {
 public:
  // Owns the socket. `idle` bounds the wait for a request, `stall` the wait for the next bytes of a body.
  HttpConnection(int socket, std::chrono::seconds idle, std::chrono::seconds stall);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;

  enum class Head { kRequest, kClosed, kBad };  // kBad has been answered
  Head read_head(RequestHead& into);

  enum class Body { kPiece, kEnd, kCutShort };
  Body read_body(std::string_view& piece);  // valid until the next call
  // The whole body must be here by then, or it is cut short and late() is true. For the request under way.
  void body_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
  bool late() const { return late_; }

  // All false when the other side is gone. `respond` after an unread body closes the connection.
  bool respond(int status, const Headers& headers, std::string_view body);
  bool begin_chunks(int status, const Headers& headers);
  bool chunk(std::string_view bytes);
  bool end_chunks();
  void break_off();  // the answer failed half-way: no last chunk, the connection ends
  bool keeps_alive() const { return keep_alive_; }
  int socket() const { return socket_; }

 private:
  bool fill();  // reads more into the buffer; false at the end, on a timeout or error
  bool line(std::string_view& into);
  bool send_all(std::string_view bytes);
  std::string head_of(int status, const Headers& headers) const;
  Head refuse(int status, std::string_view why);
  void discard_rest();

  int socket_;
  std::chrono::seconds idle_, stall_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;
  enum class Framing { kNone, kLength, kChunked } framing_ = Framing::kNone;
  size_t left_ = 0;  // of the body or of the chunk
  bool in_chunk_ = false, body_done_ = true, expects_continue_ = false;
  bool keep_alive_ = true, head_only_ = false, late_ = false;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

}  // namespace millrace::clickhouse_embedded
