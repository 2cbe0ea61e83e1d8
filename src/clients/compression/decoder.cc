#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "base/result.h"
#include "clients/compression/content_coding.h"

namespace millrace::compression {

namespace {
constexpr size_t kPieceBytes = size_t{256} << 10;
}  // namespace

struct Decoder::Impl {
  explicit Impl(ContentCoding c) : coding(c), scratch(c == ContentCoding::kNone ? 0 : kPieceBytes) {
    bool good = true;
    if (coding == ContentCoding::kLz4) good = !LZ4F_isError(LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION));
    if (coding == ContentCoding::kZstd) good = (zstd = ZSTD_createDCtx()) != nullptr;
    if (coding == ContentCoding::kGzip) good = inflateInit2(&zlib, 15 + 16) == Z_OK;
    if (coding == ContentCoding::kDeflate) good = inflateInit2(&zlib, 15) == Z_OK;
    MILLRACE_CHECK(good, "no memory to decompress with");
  }
  ~Impl() {
    if (lz4 != nullptr) LZ4F_freeDecompressionContext(lz4);
    if (zstd != nullptr) ZSTD_freeDCtx(zstd);
    if (coding == ContentCoding::kGzip || coding == ContentCoding::kDeflate) inflateEnd(&zlib);
  }

  // Takes from `input`, fills `scratch`; false: damaged. `ended`: a stream is at its end after what was taken.
  bool step(size_t& taken, size_t& made, bool& ended) {
    switch (coding) {
      case ContentCoding::kNone: return true;  // never asked
      case ContentCoding::kLz4: {
        taken = input.size(), made = scratch.size();
        const size_t hint = LZ4F_decompress(lz4, scratch.data(), &made, input.data(), &taken, nullptr);
        ended = hint == 0;
        return !LZ4F_isError(hint);
      }
      case ContentCoding::kZstd: {
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        ZSTD_outBuffer out{scratch.data(), scratch.size(), 0};
        const size_t hint = ZSTD_decompressStream(zstd, &out, &in);
        taken = in.pos, made = out.pos, ended = hint == 0;
        return !ZSTD_isError(hint);
      }
      case ContentCoding::kGzip:
      case ContentCoding::kDeflate: {
        const size_t given = std::min(input.size(), size_t{1} << 30);
        zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data())), zlib.avail_in = static_cast<uInt>(given);
        zlib.next_out = reinterpret_cast<Bytef*>(scratch.data()), zlib.avail_out = static_cast<uInt>(scratch.size());
        const int code = inflate(&zlib, Z_NO_FLUSH);
        taken = given - zlib.avail_in, made = scratch.size() - zlib.avail_out, ended = code == Z_STREAM_END;
        if (ended) inflateReset(&zlib);
        return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
      }
    }
    return false;
  }

  ContentCoding coding;
  LZ4F_dctx* lz4 = nullptr;
  ZSTD_DCtx* zstd = nullptr;
  z_stream zlib{};
  std::vector<char> scratch;
  std::string_view input;
  bool whole = true;
};

Decoder::Decoder(ContentCoding coding) : impl_(std::make_unique<Impl>(coding)) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

void Decoder::feed(std::string_view bytes) { impl_->input = bytes; }
bool Decoder::whole() const { return impl_->whole; }

Decoder::Step Decoder::next(std::string_view& piece) {
  if (impl_->coding == ContentCoding::kNone) {
    piece = std::exchange(impl_->input, {});
    return piece.empty() ? Step::kHungry : Step::kPiece;
  }
  while (true) {
    size_t taken = 0, made = 0;
    bool ended = false;
    if (!impl_->step(taken, made, ended)) return Step::kDamaged;
    impl_->input.remove_prefix(taken);
    // Asked without input at the end of a stream, the libraries speak of the next one: nobody has begun that.
    if (taken > 0 || made > 0) impl_->whole = ended;
    piece = {impl_->scratch.data(), made};
    if (made > 0) return Step::kPiece;
    if (impl_->input.empty()) return Step::kHungry;
    if (taken == 0) return Step::kDamaged;
  }
}

}  // namespace millrace::compression
