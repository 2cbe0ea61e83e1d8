#include "services/catalog/text_diff.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace millrace::catalog {
namespace {

using std::ptrdiff_t;

constexpr ptrdiff_t kChangesMax = 1'000;
constexpr size_t kAround = 3;

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

enum class Edit : char { kKeep = ' ', kRemove = '-', kAdd = '+' };

// Myers, "An O(ND) difference algorithm and its variations" (1986), section 4: the furthest point on each diagonal, step by step, then back.
std::vector<Edit> shortest(const Lines& a, const Lines& b, size_t begin, size_t a_end, size_t b_end) {
  const auto n = static_cast<ptrdiff_t>(a_end - begin), m = static_cast<ptrdiff_t>(b_end - begin);
  const ptrdiff_t most = std::min(n + m, kChangesMax);
  std::vector<std::vector<ptrdiff_t>> trace;
  std::vector<ptrdiff_t> furthest(static_cast<size_t>(2 * most + 3), 0);
  const auto on = [&](std::vector<ptrdiff_t>& v, ptrdiff_t k) -> ptrdiff_t& { return v[static_cast<size_t>(k + most + 1)]; };
  bool found = false;
  for (ptrdiff_t d = 0; d <= most && !found; ++d) {
    trace.push_back(furthest);
    for (ptrdiff_t k = -d; k <= d; k += 2) {
      ptrdiff_t x = k == -d || (k != d && on(furthest, k - 1) < on(furthest, k + 1)) ? on(furthest, k + 1) : on(furthest, k - 1) + 1;
      while (x < n && x - k < m && a[begin + static_cast<size_t>(x)] == b[begin + static_cast<size_t>(x - k)]) ++x;
      on(furthest, k) = x;
      if (x >= n && x - k >= m) found = true;
      if (found) break;
    }
  }
  std::vector<Edit> edits;
  if (!found) {
    edits.insert(edits.end(), static_cast<size_t>(n), Edit::kRemove);
    edits.insert(edits.end(), static_cast<size_t>(m), Edit::kAdd);
    return edits;
  }
  ptrdiff_t x = n, y = m;
  for (auto d = static_cast<ptrdiff_t>(trace.size()) - 1; d >= 0; --d) {
    auto& v = trace[static_cast<size_t>(d)];
    const ptrdiff_t k = x - y;
    const bool down = k == -d || (k != d && on(v, k - 1) < on(v, k + 1));
    const ptrdiff_t from_k = down ? k + 1 : k - 1;
    const ptrdiff_t from_x = d == 0 ? 0 : on(v, from_k), from_y = d == 0 ? 0 : from_x - from_k;
    for (; x > from_x && y > from_y; --x, --y) edits.push_back(Edit::kKeep);
    if (d == 0) break;
    edits.push_back(down ? Edit::kAdd : Edit::kRemove);
    x = from_x, y = from_y;
  }
  std::ranges::reverse(edits);
  return edits;
}

std::string range(size_t begin, size_t count) {
  // GNU diff: an empty range is named by the line before it, a single line without its count.
  if (count == 0) return std::to_string(begin) + ",0";
  return std::to_string(begin + 1) + (count == 1 ? "" : "," + std::to_string(count));
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name, std::string_view after_name) {
  if (before == after) return {};
  const Lines a = lines_of(before), b = lines_of(after);
  size_t begin = 0, a_end = a.size(), b_end = b.size();
  while (begin < a_end && begin < b_end && a[begin] == b[begin]) ++begin;
  while (a_end > begin && b_end > begin && a[a_end - 1] == b[b_end - 1]) --a_end, --b_end;
  std::vector<Edit> edits(begin, Edit::kKeep);
  const auto middle = shortest(a, b, begin, a_end, b_end);
  edits.insert(edits.end(), middle.begin(), middle.end());
  edits.insert(edits.end(), a.size() - a_end, Edit::kKeep);

  std::string out = "--- " + std::string(before_name) + "\n+++ " + std::string(after_name) + "\n";
  size_t x = 0, y = 0;  // lines of a and b in front of edits[i]
  for (size_t i = 0; i < edits.size();) {
    const auto change =
        static_cast<size_t>(std::find_if(edits.begin() + static_cast<ptrdiff_t>(i), edits.end(), [](Edit e) { return e != Edit::kKeep; }) - edits.begin());
    if (change == edits.size()) break;
    const size_t first = std::max(i, change - std::min(change, kAround));
    x += first - i, y += first - i;
    // The hunk ends where six lines or more are kept.
    size_t end = change, kept = 0;
    for (size_t j = change; j < edits.size() && kept <= 2 * kAround; ++j) {
      kept = edits[j] == Edit::kKeep ? kept + 1 : 0;
      if (kept == 0) end = j + 1;
    }
    end = std::min(edits.size(), end + kAround);
    size_t x_end = x, y_end = y;
    std::string lines;
    for (size_t j = first; j < end; ++j) {
      const std::string_view line = edits[j] == Edit::kAdd ? b[y_end] : a[x_end];
      x_end += edits[j] != Edit::kAdd, y_end += edits[j] != Edit::kRemove;
      lines += static_cast<char>(edits[j]);
      lines += line;
      if (!line.ends_with('\n')) lines += "\n\\ No newline at end of file\n";
    }
    out += "@@ -" + range(x, x_end - x) + " +" + range(y, y_end - y) + " @@\n" + lines;
    x = x_end, y = y_end, i = end;
  }
  return out;
}

}  // namespace millrace::catalog
