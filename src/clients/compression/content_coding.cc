#include "clients/compression/content_coding.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace millrace::compression {

namespace {
// In the order in which an answer's is chosen.
constexpr std::array kNames{std::pair("zstd", ContentCoding::kZstd), std::pair("lz4", ContentCoding::kLz4), std::pair("gzip", ContentCoding::kGzip),
                            std::pair("deflate", ContentCoding::kDeflate)};

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "gzip;q=0" lists what is not wanted (RFC 9110, 12.5.3).
bool refused(std::string_view parameters) {
  const size_t q = parameters.find("q=");
  return q != parameters.npos && std::atof(std::string(parameters.substr(q + 2)).c_str()) <= 0;
}
}  // namespace

const char* name(ContentCoding coding) {
  const auto at = std::ranges::find(kNames, coding, [](const auto& each) { return each.second; });
  return at == kNames.end() ? "none" : at->first;
}

std::optional<ContentCoding> parse_content_coding(std::string_view text) {
  if (text == "none" || text == "identity") return ContentCoding::kNone;
  for (const auto& [known, coding] : kNames)
    if (text == known) return coding;
  return std::nullopt;
}

ContentCoding choose_content_coding(std::string_view accept_encoding) {
  for (const auto& [known, coding] : kNames) {
    for (std::string_view rest = accept_encoding; !rest.empty();) {
      const std::string_view one = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      const size_t semicolon = std::min(one.find(';'), one.size());
      if (without_blanks(one.substr(0, semicolon)) == known && !refused(one.substr(semicolon))) return coding;
    }
  }
  return ContentCoding::kNone;
}

}  // namespace millrace::compression
