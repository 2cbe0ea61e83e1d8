#include "clients/http_server/path.h"

#include <algorithm>

namespace millrace::http_server {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view piece) {
  std::string out;
  for (size_t i = 0; i < piece.size(); ++i) {
    const bool escape = piece[i] == '%' && i + 2 < piece.size() && hex(piece[i + 1]) >= 0 && hex(piece[i + 2]) >= 0;
    if (!escape) {
      out += piece[i];
      continue;
    }
    out += static_cast<char>(hex(piece[i + 1]) * 16 + hex(piece[i + 2]));
    i += 2;
  }
  return out;
}

// Takes the piece up to the next slash from the front of `path`, which begins with one.
std::string_view take_piece(std::string_view& path) {
  path.remove_prefix(1);
  const size_t end = std::min(path.find('/'), path.size());
  const std::string_view piece = path.substr(0, end);
  path.remove_prefix(end);
  return piece;
}

}  // namespace

std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  if (target.size() > 1 && target.ends_with('/')) target.remove_suffix(1);
  std::vector<std::string> found;
  while (!pattern.empty() && !target.empty()) {
    if (target.front() != '/') return std::nullopt;
    const std::string_view wanted = take_piece(pattern), piece = take_piece(target);
    if (!wanted.starts_with('{')) {
      if (wanted != piece) return std::nullopt;
      continue;
    }
    if (piece.empty()) return std::nullopt;
    found.push_back(decoded(piece));
  }
  if (!pattern.empty() || !target.empty()) return std::nullopt;
  return found;
}

}  // namespace millrace::http_server
