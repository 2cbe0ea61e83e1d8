#include "pipeline/sinks/alerts/bounded_text.h"

#include "avro/utf8.h"

namespace millrace::pipeline {

namespace {

constexpr std::string_view kReplacement = "\uFFFD";

bool is_utf8(std::string_view text) { return avro::valid_utf8(reinterpret_cast<const uint8_t*>(text.data()), text.size()); }

// Bytes of the character that begins here; 0: none does.
size_t character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return size <= text.size() && is_utf8(text.substr(0, size)) ? size : 0;
}

std::string mended(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t size = character(text.substr(at));
    out += size == 0 ? kReplacement : text.substr(at, size);
    at += size == 0 ? 1 : size;
  }
  return out;
}

}  // namespace

std::string bounded_text(std::string_view text, size_t bytes_max, bool& cut) {
  std::string instead;
  if (!is_utf8(text)) text = instead = mended(text);
  if (text.size() <= bytes_max) return std::string(text);
  cut = true;
  size_t end = bytes_max - kCutMark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) += kCutMark;
}

}  // namespace millrace::pipeline
