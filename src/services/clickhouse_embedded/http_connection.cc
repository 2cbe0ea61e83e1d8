#include "services/clickhouse_embedded/http_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace millrace::clickhouse_embedded {
namespace {

constexpr size_t kBufferBytes = 256 << 10;  // and the limit of one line: a query may come in the URL

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

const char* reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Payload Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
  }
}

void receive_timeout(int socket, std::chrono::seconds time) {
  const timeval value{time.count(), 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
}

}  // namespace

std::string RequestHead::parameter(const std::string& name, std::string otherwise) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? otherwise : found->second;
}
std::string RequestHead::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

HttpConnection::HttpConnection(int socket, std::chrono::seconds idle, std::chrono::seconds stall)
    : socket_(socket), idle_(idle), stall_(stall), buffer_(kBufferBytes) {
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}
HttpConnection::~HttpConnection() { close(socket_); }

bool HttpConnection::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    if (begin_ == 0) return false;  // a line longer than the buffer
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_, begin_ = 0;
  }
  if (deadline_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - std::chrono::steady_clock::now());
    pollfd wanted{socket_, POLLIN, 0};
    late_ = left.count() <= 0 || (left < stall_ && poll(&wanted, 1, static_cast<int>(left.count())) == 0);
    if (late_) return false;
  }
  ssize_t got;
  do got = recv(socket_, buffer_.data() + end_, buffer_.size() - end_, 0);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  end_ += static_cast<size_t>(got);
  return true;
}

bool HttpConnection::line(std::string_view& into) {
  size_t searched = 0;
  while (true) {
    const char* from = buffer_.data() + begin_;
    if (const void* at = std::memchr(from + searched, '\n', end_ - begin_ - searched)) {
      const auto size = static_cast<size_t>(static_cast<const char*>(at) - from);
      into = {from, size};
      if (into.ends_with('\r')) into.remove_suffix(1);
      begin_ += size + 1;
      return true;
    }
    searched = end_ - begin_;
    if (!fill()) return false;
  }
}

HttpConnection::Head HttpConnection::refuse(int status, std::string_view why) {
  body_done_ = false, framing_ = Framing::kNone;
  respond(status, {{"Content-Type", "text/plain; charset=UTF-8"}}, why);
  return Head::kBad;
}

HttpConnection::Head HttpConnection::read_head(RequestHead& into) {
  into = {};
  deadline_.reset();
  late_ = false;
  receive_timeout(socket_, idle_);
  std::string_view text;
  if (!line(text)) return Head::kClosed;
  receive_timeout(socket_, stall_);
  const size_t first = text.find(' '), last = text.rfind(' ');
  if (first == text.npos || last == first || !text.substr(last + 1).starts_with("HTTP/1.")) return refuse(400, "this is not an HTTP/1.1 request\n");
  into.method = text.substr(0, first);
  const bool http10 = text.ends_with("1.0");
  std::string_view target = text.substr(first + 1, last - first - 1);
  const size_t question = target.find('?');
  into.path = decode(target.substr(0, question), false);
  for (std::string_view rest = question == target.npos ? "" : target.substr(question + 1); !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    const size_t equals = pair.find('=');
    into.parameters.emplace(decode(pair.substr(0, equals), true), equals == pair.npos ? std::string() : decode(pair.substr(equals + 1), true));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
  }
  size_t head_bytes = text.size();
  while (true) {
    if (!line(text)) return Head::kClosed;
    if (text.empty()) break;
    const size_t colon = text.find(':');
    if (colon == text.npos || (head_bytes += text.size()) > 4 * kBufferBytes) return refuse(400, "a header line is malformed\n");
    into.headers[lower(text.substr(0, colon))] = trim(text.substr(colon + 1));
  }
  const std::string connection = lower(into.header("connection"));
  keep_alive_ = http10 ? connection == "keep-alive" : connection != "close";
  head_only_ = into.method == "HEAD";
  expects_continue_ = lower(into.header("expect")) == "100-continue";
  in_chunk_ = false, left_ = 0;
  framing_ = Framing::kNone, body_done_ = true;
  if (const std::string coding = lower(into.header("transfer-encoding")); !coding.empty()) {
    if (coding != "chunked" || into.headers.contains("content-length")) return refuse(400, "Transfer-Encoding must be chunked, and without Content-Length\n");
    framing_ = Framing::kChunked, body_done_ = false;
  } else if (const std::string length = into.header("content-length"); !length.empty()) {
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), left_);
    if (error != std::errc() || end != length.data() + length.size()) return refuse(400, "Content-Length is not a number\n");
    framing_ = Framing::kLength, body_done_ = left_ == 0;
  } else if (into.method == "POST" || into.method == "PUT") {
    return refuse(411, "a body needs Content-Length or Transfer-Encoding: chunked\n");
  }
  return Head::kRequest;
}

HttpConnection::Body HttpConnection::read_body(std::string_view& piece) {
  if (body_done_) return Body::kEnd;
  if (std::exchange(expects_continue_, false) && !send_all("HTTP/1.1 100 Continue\r\n\r\n")) return Body::kCutShort;
  if (framing_ == Framing::kChunked && left_ == 0) {
    std::string_view text;
    if (in_chunk_ && (!line(text) || !text.empty())) return Body::kCutShort;
    in_chunk_ = true;
    if (!line(text)) return Body::kCutShort;
    text = text.substr(0, text.find(';'));
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), left_, 16);
    if (error != std::errc() || text.empty() || !trim({end, text.data() + text.size()}).empty()) return Body::kCutShort;
    if (left_ == 0) {
      do {
        if (!line(text)) return Body::kCutShort;
      } while (!text.empty());  // trailers
      body_done_ = true;
      return Body::kEnd;
    }
  }
  if (begin_ == end_ && !fill()) return Body::kCutShort;
  const size_t size = std::min(left_, end_ - begin_);
  piece = {buffer_.data() + begin_, size};
  begin_ += size, left_ -= size;
  if (left_ == 0 && framing_ == Framing::kLength) body_done_ = true;
  return Body::kPiece;
}

bool HttpConnection::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return keep_alive_ = false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::string HttpConnection::head_of(int status, const Headers& headers) const {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " " + reason(status) + "\r\n";
  for (const auto& [name, value] : headers) {
    head += name + ": ";
    for (const char c : value) head += c == '\r' || c == '\n' ? ' ' : c;
    head += "\r\n";
  }
  return head + (keep_alive_ ? "Connection: Keep-Alive\r\n" : "Connection: close\r\n");
}

bool HttpConnection::respond(int status, const Headers& headers, std::string_view body) {
  const bool unread = !body_done_;
  if (unread) keep_alive_ = false;
  std::string head = head_of(status, headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  bool sent;
  if (head_only_) {
    sent = send_all(head);
  } else if (body.size() < 64 << 10) {
    sent = send_all(head.append(body));
  } else {
    sent = send_all(head) && send_all(body);
  }
  if (unread) discard_rest();
  return sent;
}

// Closing with bytes unread would reset the connection, and the other side might never see the answer.
void HttpConnection::discard_rest() {
  shutdown(socket_, SHUT_WR);
  receive_timeout(socket_, std::chrono::seconds(2));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  do begin_ = end_ = 0;
  while (std::chrono::steady_clock::now() < until && fill());
}

bool HttpConnection::begin_chunks(int status, const Headers& headers) { return send_all(head_of(status, headers) + "Transfer-Encoding: chunked\r\n\r\n"); }
bool HttpConnection::chunk(std::string_view bytes) {
  if (bytes.empty() || head_only_) return true;
  char size[20];
  const auto [end, error] = std::to_chars(size, size + sizeof size - 2, bytes.size(), 16);
  end[0] = '\r', end[1] = '\n';
  return send_all({size, end + 2}) && send_all(bytes) && send_all("\r\n");
}
bool HttpConnection::end_chunks() { return head_only_ || send_all("0\r\n\r\n"); }
void HttpConnection::break_off() {
  keep_alive_ = false;
  shutdown(socket_, SHUT_RDWR);
}

}  // namespace millrace::clickhouse_embedded
