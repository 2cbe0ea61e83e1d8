#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "base/result.h"
#include "clients/compression/content_coding.h"

namespace millrace::compression {

namespace {
// Level 1 of zstd takes a third of the CPU of its default 3, for some percent more bytes.
constexpr int kZstdLevel = 1, kZlibLevel = 3;
constexpr int kGzipWindow = 15 + 16, kZlibWindow = 15;  // deflateInit2's windowBits
constexpr size_t kEncodeBytes = size_t{256} << 10;

LZ4F_preferences_t lz4_preferences() {
  LZ4F_preferences_t wanted{};
  wanted.frameInfo.blockSizeID = LZ4F_max256KB;
  wanted.frameInfo.blockMode = LZ4F_blockIndependent;
  wanted.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  return wanted;
}

void must(bool good, const char* what) { MILLRACE_CHECK(good, std::string("compressing: ") + what); }
}  // namespace

struct Encoder::Impl {
  explicit Impl(ContentCoding c) : coding(c) {
    switch (coding) {
      case ContentCoding::kNone: break;
      case ContentCoding::kLz4:
        must(!LZ4F_isError(LZ4F_createCompressionContext(&lz4, LZ4F_VERSION)), "no LZ4 context");
        scratch.resize(std::max<size_t>(LZ4F_compressBound(kEncodeBytes, &preferences), LZ4F_HEADER_SIZE_MAX));
        break;
      case ContentCoding::kZstd:
        zstd = ZSTD_createCCtx();
        must(zstd != nullptr, "no zstd context");
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, kZstdLevel);
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
        scratch.resize(ZSTD_CStreamOutSize());
        break;
      case ContentCoding::kGzip:
      case ContentCoding::kDeflate:
        must(deflateInit2(&zlib, kZlibLevel, Z_DEFLATED, coding == ContentCoding::kGzip ? kGzipWindow : kZlibWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK,
             "no zlib stream");
        scratch.resize(kEncodeBytes);
        break;
    }
  }
  ~Impl() {
    if (lz4 != nullptr) LZ4F_freeCompressionContext(lz4);
    if (zstd != nullptr) ZSTD_freeCCtx(zstd);
    if (coding == ContentCoding::kGzip || coding == ContentCoding::kDeflate) deflateEnd(&zlib);
  }

  ContentCoding coding;
  LZ4F_cctx* lz4 = nullptr;
  LZ4F_preferences_t preferences = lz4_preferences();
  ZSTD_CCtx* zstd = nullptr;
  z_stream zlib{};
  bool begun = false;
  std::vector<char> scratch;

  void take(size_t size, std::string& out) const { out.append(scratch.data(), size); }

  void lz4_took(size_t size, std::string& out) const {
    must(!LZ4F_isError(size), "LZ4");
    take(size, out);
  }
  void lz4_begin(std::string& out) {
    if (!std::exchange(begun, true)) lz4_took(LZ4F_compressBegin(lz4, scratch.data(), scratch.size(), &preferences), out);
  }
  void lz4_append(std::string_view bytes, std::string& out) {
    lz4_begin(out);
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kEncodeBytes))) {
      const std::string_view part = bytes.substr(0, kEncodeBytes);
      lz4_took(LZ4F_compressUpdate(lz4, scratch.data(), scratch.size(), part.data(), part.size(), nullptr), out);
    }
  }

  void zstd_run(std::string_view bytes, ZSTD_EndDirective how, std::string& out) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    size_t left;
    do {
      ZSTD_outBuffer made{scratch.data(), scratch.size(), 0};
      left = ZSTD_compressStream2(zstd, &made, &in, how);
      must(!ZSTD_isError(left), "zstd");
      take(made.pos, out);
    } while (how == ZSTD_e_continue ? in.pos < in.size : left > 0);
  }

  void zlib_run(std::string_view bytes, int how, std::string& out) {
    do {  // avail_in is 32 bits wide
      const std::string_view part = bytes.substr(0, size_t{1} << 30);
      bytes.remove_prefix(part.size());
      zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      zlib.avail_in = static_cast<uInt>(part.size());
      do {
        zlib.next_out = reinterpret_cast<Bytef*>(scratch.data());
        zlib.avail_out = static_cast<uInt>(scratch.size());
        must(deflate(&zlib, how) != Z_STREAM_ERROR, "zlib");
        take(scratch.size() - zlib.avail_out, out);
      } while (zlib.avail_out == 0);
    } while (!bytes.empty());
  }
};

Encoder::Encoder(ContentCoding coding) : impl_(std::make_unique<Impl>(coding)) {}
Encoder::~Encoder() = default;
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;

void Encoder::append(std::string_view bytes, std::string& out) {
  switch (impl_->coding) {
    case ContentCoding::kNone: out.append(bytes); return;
    case ContentCoding::kLz4: return impl_->lz4_append(bytes, out);
    case ContentCoding::kZstd: return impl_->zstd_run(bytes, ZSTD_e_continue, out);
    case ContentCoding::kGzip:
    case ContentCoding::kDeflate: return impl_->zlib_run(bytes, Z_NO_FLUSH, out);
  }
}

void Encoder::flush(std::string& out) {
  switch (impl_->coding) {
    case ContentCoding::kNone: return;
    case ContentCoding::kLz4: impl_->lz4_begin(out); return impl_->lz4_took(LZ4F_flush(impl_->lz4, impl_->scratch.data(), impl_->scratch.size(), nullptr), out);
    case ContentCoding::kZstd: return impl_->zstd_run({}, ZSTD_e_flush, out);
    case ContentCoding::kGzip:
    case ContentCoding::kDeflate: return impl_->zlib_run({}, Z_SYNC_FLUSH, out);
  }
}

void Encoder::finish(std::string& out) {
  switch (impl_->coding) {
    case ContentCoding::kNone: return;
    case ContentCoding::kLz4:
      impl_->lz4_begin(out);
      impl_->lz4_took(LZ4F_compressEnd(impl_->lz4, impl_->scratch.data(), impl_->scratch.size(), nullptr), out);
      impl_->begun = false;
      return;
    case ContentCoding::kZstd: return impl_->zstd_run({}, ZSTD_e_end, out);
    case ContentCoding::kGzip:
    case ContentCoding::kDeflate: impl_->zlib_run({}, Z_FINISH, out); deflateReset(&impl_->zlib);
  }
}

}  // namespace millrace::compression
