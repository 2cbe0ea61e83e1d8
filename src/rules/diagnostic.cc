#include "rules/diagnostic.h"

#include <algorithm>
#include <array>

namespace millrace::rules {
namespace {

constexpr size_t kNameMax = 64;  // longer names are nobody's slip of the pen

// Edits between two names, a swap of neighbours counted as one (optimal string alignment).
size_t distance(std::string_view a, std::string_view b) {
  std::array<size_t, kNameMax + 1> before{}, last{}, row{};
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last, last = row;
  }
  return last[b.size()];
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

Position position_of(std::string_view source, uint32_t byte, const Origin& origin) {
  Position at{origin.line, origin.column};
  for (size_t i = 0; i < std::min<size_t>(byte, source.size()); ++i) {
    if (source[i] == '\n')
      ++at.line, at.column = origin.indent + 1;
    else if (!continues(source[i]))
      ++at.column;
  }
  return at;
}

std::string to_string(const Diagnostic& diagnostic, std::string_view source, const Origin& origin) {
  const Position at = position_of(source, diagnostic.span.begin, origin);
  return std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + diagnostic.message;
}

std::string to_string(Diagnostics diagnostics, std::string_view source, const Origin& origin) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) { return a.span.begin < b.span.begin; });
  std::string lines;
  for (const Diagnostic& diagnostic : diagnostics) lines += (lines.empty() ? "" : "\n") + to_string(diagnostic, source, origin);
  return lines;
}

std::string did_you_mean(std::string_view wrong, const std::vector<std::string_view>& candidates) {
  if (wrong.size() > kNameMax) return "";
  size_t best = std::max<size_t>(1, wrong.size() / 3) + 1;
  std::string_view nearest;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kNameMax || candidate == wrong) continue;
    if (const size_t edits = distance(wrong, candidate); edits < best) best = edits, nearest = candidate;
  }
  return nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
}

std::string excerpt(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t size = bytes_max;
  while (size > 0 && continues(text[size])) --size;
  return std::string(text.substr(0, size)) + "…";
}

}  // namespace millrace::rules
