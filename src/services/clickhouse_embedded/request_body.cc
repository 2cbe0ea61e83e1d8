#include "services/clickhouse_embedded/request_body.h"

namespace millrace::clickhouse_embedded {

using compression::ContentCoding;
using compression::Decoder;

RequestBody::Body RequestBody::read(std::string_view& piece) {
  if (coding_ == ContentCoding::kNone) return connection_.read_body(piece);
  while (true) {
    if (decoding_) {
      const Decoder::Step step = decoder_.next(piece);
      if (step == Decoder::Step::kPiece) return Body::kPiece;
      damaged_ = step == Decoder::Step::kDamaged;
      if (damaged_) return Body::kCutShort;
    }
    std::string_view raw;
    const Body got = connection_.read_body(raw);
    if (got == Body::kPiece) {
      decoding_ = true;
      decoder_.feed(raw);
    } else if (got == Body::kEnd && !decoder_.whole()) {
      damaged_ = true;
      return Body::kCutShort;
    } else {
      return got;
    }
  }
}

RequestBody::Body RequestBody::read_some(std::string& into, size_t bytes_enough) {
  std::string_view piece;
  while (into.size() < bytes_enough) {
    if (const Body got = read(piece); got != Body::kPiece) return got;
    into.append(piece);
  }
  return Body::kPiece;
}

std::string RequestBody::why() const {
  return damaged_ ? std::string("the body's ") + compression::name(coding_) + " is damaged, or ends before its end" : "the body ends before its length";
}

}  // namespace millrace::clickhouse_embedded
