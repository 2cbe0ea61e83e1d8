#include "rules/text_places.h"

#include <algorithm>

namespace millrace::rules {
namespace {

constexpr size_t kStep = 32;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Bytes of the escape in a "…" that begins here with a backslash.
size_t escape_size(std::string_view source) {
  if (source.size() < 2) return source.size();
  const size_t size = source[1] == 'x' ? 4 : source[1] == 'u' ? 6 : source[1] == 'U' ? 10 : 2;
  return std::min(size, source.size());
}

}  // namespace

TextPlaces::TextPlaces(std::string_view source) : source_(source), lines_{0} {
  size_t points = 0;
  for (size_t i = 0; i < source.size(); ++i) {
    if (i % kStep == 0) points_.push_back(points);
    points += !continues(source[i]);
    if (source[i] == '\n') lines_.push_back(i + 1);
  }
  if (source.size() % kStep == 0) points_.push_back(points);
}

size_t TextPlaces::points_before(size_t byte) const {
  size_t points = points_[byte / kStep];
  for (size_t i = byte / kStep * kStep; i < byte; ++i) points += !continues(source_[i]);
  return points;
}

Position TextPlaces::position(size_t byte) const {
  byte = std::min(byte, source_.size());
  const auto line = std::upper_bound(lines_.begin(), lines_.end(), byte) - 1;
  return {static_cast<uint32_t>(line - lines_.begin() + 1), static_cast<uint32_t>(points_before(byte) - points_before(*line) + 1)};
}

PlacedText TextPlaces::placed(size_t begin, bool quoted, const std::string& value) const {
  PlacedText text{value, {}};
  const char style = quoted && begin < source_.size() ? source_[begin] : '\0';
  size_t at = begin;
  if (style == '"' || style == '\'') {
    ++at;
  } else if (style == '|' || style == '>') {
    at = std::min(source_.find('\n', at), source_.size() - 1) + 1;
    // A line's indentation isn't part of the text, but blank lines before the first one are.
    if (value.empty() || !is_space(value[0])) {
      while (at < source_.size() && is_space(source_[at])) ++at;
    }
  }
  size_t expected = source_.size() + 1;  // where the next byte stands if nothing was left out before it
  const auto anchor = [&](size_t byte) {
    if (at != expected || byte == 0) text.anchors.push_back({static_cast<uint32_t>(byte), position(at)});
  };
  for (size_t i = 0; i < value.size();) {
    if (style == '"') {  // an escaped line break is nothing at all
      while (source_.substr(at).starts_with("\\\n") || source_.substr(at).starts_with("\\\r\n")) {
        at += escape_size(source_.substr(at));
        while (at < source_.size() && is_space(source_[at])) ++at;
      }
    }
    anchor(i);
    if (at >= source_.size()) break;
    size_t size = 1;
    if (style == '"' && source_[at] == '\\') {
      at += escape_size(source_.substr(at));
      while (i + size < value.size() && continues(value[i + size])) ++size;
      expected = source_.size() + 1;
    } else if (style == '\'' && source_.substr(at).starts_with("''")) {
      at += 2, expected = at - 1;
    } else if (is_space(value[i])) {
      while (i + size < value.size() && is_space(value[i + size])) ++size;
      size_t end = at;
      while (end < source_.size() && is_space(source_[end])) ++end;
      const bool folds = style == '|' || style == '>' || source_.substr(at, end - at).find('\n') != std::string_view::npos;
      if (!folds) size = std::min(size, std::max<size_t>(end - at, 1));
      expected = at + size, at = folds ? end : at + size;
    } else {
      while (i + size < value.size() && continues(value[i + size])) ++size;
      at += size, expected = at;
    }
    i += size;
  }
  if (value.empty()) anchor(0);
  return text;
}

}  // namespace millrace::rules
