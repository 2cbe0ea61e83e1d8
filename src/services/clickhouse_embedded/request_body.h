#pragma once
// A request's body as the sender meant it: taken out of its Content-Encoding. A body that ends before its length, before the end of its
// coding, or that is damaged, is cut short. One request, one thread.

#include <string>
#include <string_view>

#include "clients/compression/content_coding.h"
#include "services/clickhouse_embedded/http_connection.h"

namespace millrace::clickhouse_embedded {

class RequestBody {
 public:
  using Body = HttpConnection::Body;

  RequestBody(HttpConnection& connection, compression::ContentCoding coding) : connection_(connection), coding_(coding), decoder_(coding) {}

  Body read(std::string_view& piece);  // valid until the next call
  // Appends until `into` has `bytes_enough`, or the body is at its end.
  Body read_some(std::string& into, size_t bytes_enough);
  // After kCutShort: what the exception says.
  std::string why() const;

 private:
  HttpConnection& connection_;
  compression::ContentCoding coding_;
  compression::Decoder decoder_;
  bool decoding_ = false, damaged_ = false;
};

}  // namespace millrace::clickhouse_embedded
