#pragma once
// The content codings of HTTP that ClickHouse takes and gives (docs: interfaces/http#compression), over liblz4, libzstd and zlib. What is
// encoded carries a checksum, and ends with a mark: what is cut short or damaged is told from what is whole.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::compression {

enum class ContentCoding {
  kNone,
  kLz4,      // LZ4 frames
  kZstd,     // RFC 8878
  kGzip,     // RFC 1952
  kDeflate,  // zlib's format (RFC 1950), as HTTP understands the word
};
const char* name(ContentCoding coding);  // as in Content-Encoding; "none"
std::optional<ContentCoding> parse_content_coding(std::string_view name);
// The one to answer with, of those that an Accept-Encoding lists; kNone: none of ours.
ContentCoding choose_content_coding(std::string_view accept_encoding);

// Bytes in, bytes appended to `out`. One stream after the other: append() after finish() begins the next. One thread at a time.
class Encoder {
 public:
  explicit Encoder(ContentCoding coding);
  ~Encoder();
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;

  void append(std::string_view bytes, std::string& out);
  void flush(std::string& out);   // all that was appended can be decoded from what is in `out`
  void finish(std::string& out);  // the end, with the checksum

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Takes streams one after the other as one, as the tools of each coding do. One thread at a time.
class Decoder {
 public:
  explicit Decoder(ContentCoding coding);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  enum class Step { kPiece, kHungry, kDamaged };
  void feed(std::string_view bytes);   // only after kHungry, or at the beginning; must stay until the next kHungry
  Step next(std::string_view& piece);  // at most 256 KB, valid until the next call
  bool whole() const;                  // nothing is missing of what was begun

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::compression
