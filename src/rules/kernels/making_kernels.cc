// What makes new texts, in the evaluation's arena.
#include <algorithm>

#include "rules/kernels/code_points.h"
#include "rules/kernels/kernels.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

using enum FailureCode;
using std::string_view;

void concatenate(Frame& frame, const Instruction& instruction) {
  TextArena& arena = frame.arena();
  map_values<string_view, string_view, string_view>(frame, instruction, Form::kText, [&](string_view a, string_view b) {
    if (b.empty()) return a;
    if (a.empty()) return b;
    char* out = arena.reserve(a.size() + b.size());
    std::memcpy(out, a.data(), a.size());
    std::memcpy(out + a.size(), b.data(), b.size());
    return arena.take(out + a.size() + b.size());
  });
}

template <char kFirst, char kLast>
void change_case(Frame& frame, const Instruction& instruction) {
  TextArena& arena = frame.arena();
  map_values<string_view, string_view>(frame, instruction, Form::kText, [&](string_view a) {
    char* out = arena.reserve(a.size());
    for (size_t i = 0; i < a.size(); ++i) out[i] = static_cast<char>(a[i] ^ (a[i] >= kFirst && a[i] <= kLast ? 0x20 : 0));
    return arena.take(out + a.size());
  });
}

void reverse(Frame& frame, const Instruction& instruction) {
  TextArena& arena = frame.arena();
  map_values<string_view, string_view>(frame, instruction, Form::kText, [&](string_view a) {
    char* out = arena.reserve(a.size()) + a.size();
    for (size_t at = 0; at < a.size();) {
      const size_t end = end_of_code_point(a, at);
      out -= end - at;
      std::memcpy(out, a.data() + at, end - at);
      at = end;
    }
    return arena.take(out + a.size());
  });
}

// A star for every code point but the last `stay`.
string_view masked(TextArena& arena, string_view a, int64_t stay) {
  char* out = arena.reserve(a.size());
  const bool ascii = is_ascii(a);
  const size_t points = ascii ? a.size() : count_code_points(a);
  const size_t stars = points - std::min(points, static_cast<size_t>(stay));
  std::memset(out, '*', stars);
  const size_t rest = code_point_at(a, stars, ascii);
  copy_text(out + stars, a.data() + rest, a.size() - rest);
  return arena.take(out + stars + a.size() - rest);
}
void mask(Frame& frame, const Instruction& instruction) {
  map_values<string_view, string_view>(frame, instruction, Form::kText, [&](string_view a) { return masked(frame.arena(), a, 0); });
}
void mask_but(Frame& frame, const Instruction& instruction) {
  try_values<string_view, string_view, int64_t>(frame, instruction, Form::kText, [&](string_view a, int64_t stay, string_view& r) {
    r = {};
    if (stay < 0) return kNegativeLength;
    r = masked(frame.arena(), a, stay);
    return kNone;
  });
}

// Where the next `old` is at or behind `at`; with an empty `old` each code point is a place, and the end.
size_t next_place(string_view a, string_view old, size_t at, bool first) {
  if (!old.empty()) return a.find(old, at);
  if (first) return 0;
  return at >= a.size() ? a.npos : end_of_code_point(a, at);
}
void replace(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kText);
  TextArena& arena = frame.arena();
  each_entry<string_view>(out, [&](size_t i) {
    const string_view a = frame.operand(instruction, 0).at<string_view>(i), old = frame.operand(instruction, 1).at<string_view>(i),
                      with = frame.operand(instruction, 2).at<string_view>(i);
    const int64_t limit = instruction.operand_count > 3 ? frame.operand(instruction, 3).at<int64_t>(i) : -1;
    const auto places = [&](auto each) {
      int64_t count = 0;
      size_t at = next_place(a, old, 0, true);
      for (; at != a.npos && (limit < 0 || count < limit); ++count) {
        each(at);
        at = next_place(a, old, at + old.size(), false);
      }
      return static_cast<size_t>(count);
    };
    const size_t count = places([](size_t) {});
    if (count == 0) return a;
    char* to = arena.reserve(a.size() + count * with.size());
    size_t copied = 0;
    const auto put = [&](string_view piece) { to = std::copy(piece.begin(), piece.end(), to); };
    places([&](size_t at) { put(a.substr(copied, at - copied)), put(with), copied = at + old.size(); });
    put(a.substr(copied));
    return arena.take(to);
  });
}

void split(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kList);
  Store& pieces = out.store().child(0);
  Store& piece = out.store().child(1);  // the one to be appended
  pieces.reset(Form::kText, 0);
  uint64_t end = 0;
  const auto add = [&](string_view text) {
    *piece.reset<string_view>(Form::kText, 1) = text;
    pieces.append(piece.vector());
    ++end;
  };
  each_entry<Range>(out, [&](size_t i) {
    string_view a = frame.operand(instruction, 0).at<string_view>(i);
    const string_view by = frame.operand(instruction, 1).at<string_view>(i);
    const int64_t limit = instruction.operand_count > 2 ? frame.operand(instruction, 2).at<int64_t>(i) : -1;
    const uint64_t begin = end;
    if (limit == 0 || (by.empty() && a.empty())) return Range{begin, begin};
    for (int64_t count = 1; limit < 0 || count < limit; ++count) {
      const size_t at = by.empty() ? (a.empty() ? a.npos : end_of_code_point(a, 0)) : a.find(by);
      if (at == a.npos || (by.empty() && at == a.size())) break;
      add(a.substr(0, at));
      a.remove_prefix(at + by.size());
    }
    add(a);
    return Range{begin, end};
  });
  out.store().set_child(1, nullptr);
}

void join(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kText);
  TextArena& arena = frame.arena();
  const Vector& lists = frame.operand(instruction, 0);
  each_entry<string_view>(out, [&](size_t i) {
    const Range range = lists.at<Range>(i);
    const string_view between = instruction.operand_count > 1 ? frame.operand(instruction, 1).at<string_view>(i) : string_view();
    size_t size = 0;
    for (uint64_t k = range.begin; k < range.end; ++k) size += lists.children[0]->at<string_view>(k).size() + between.size();
    char* to = arena.reserve(size);
    for (uint64_t k = range.begin; k < range.end; ++k) {
      const string_view piece = lists.children[0]->at<string_view>(k);
      if (k > range.begin) to = std::copy(between.begin(), between.end(), to);
      to = std::copy(piece.begin(), piece.end(), to);
    }
    return arena.take(to);
  });
}

constexpr NamedKernel kKernels[] = {
    {"add_string", concatenate},
    {"add_bytes", concatenate},
    {"string_lower_ascii", change_case<'A', 'Z'>},
    {"string_upper_ascii", change_case<'a', 'z'>},
    {"string_reverse", reverse},
    {"mask_string", mask},
    {"mask_string_int", mask_but},
    {"string_replace", replace},
    {"string_replace_int", replace},
    {"string_split", split},
    {"string_split_int", split},
    {"list_join", join},
    {"list_join_string", join},
};

}  // namespace

std::span<const NamedKernel> making_kernels() { return kKernels; }

}  // namespace millrace::rules
