// What is asked of texts, and their parts: views, no copies. Positions count code points (cel-go, ext/strings.go).
#include <re2/re2.h>

#include "base/short_text.h"
#include "rules/kernels/code_points.h"
#include "rules/kernels/kernels.h"
#include "rules/kernels/loops.h"

namespace millrace::rules {
namespace {

using enum FailureCode;
using std::string_view;

void size_string(Frame& frame, const Instruction& instruction) {
  map_values<int64_t, string_view>(frame, instruction, Form::kInt, [](string_view a) { return static_cast<int64_t>(count_code_points(a)); });
}
void size_bytes(Frame& frame, const Instruction& instruction) {
  map_values<int64_t, string_view>(frame, instruction, Form::kInt, [](string_view a) { return static_cast<int64_t>(a.size()); });
}
template <class F>
void asked(Frame& frame, const Instruction& instruction, F f) {
  map_values<uint8_t, string_view, string_view>(frame, instruction, Form::kBool, f);
}
void contains(Frame& frame, const Instruction& instruction) {
  asked(frame, instruction, [](string_view a, string_view b) { return b.empty() || (b.size() <= a.size() && memmem(a.data(), a.size(), b.data(), b.size())); });
}
void starts_with(Frame& frame, const Instruction& instruction) {
  asked(frame, instruction, [](string_view a, string_view b) { return a.size() >= b.size() && same_text(a.substr(0, b.size()), b); });
}
void ends_with(Frame& frame, const Instruction& instruction) {
  asked(frame, instruction, [](string_view a, string_view b) { return a.size() >= b.size() && same_text(a.substr(a.size() - b.size()), b); });
}

// Operand `index` of an entry, if the overload has it.
int64_t number(Frame& frame, const Instruction& instruction, size_t index, size_t entry) { return frame.operand(instruction, index).at<int64_t>(entry); }

void char_at(Frame& frame, const Instruction& instruction) {
  try_values<string_view, string_view, int64_t>(frame, instruction, Form::kText, [](string_view a, int64_t index, string_view& r) {
    r = {};
    const size_t at = index < 0 ? a.npos : code_point_at(a, static_cast<size_t>(index), is_ascii(a));
    if (at == a.npos) return kOutsideText;
    if (at < a.size()) r = a.substr(at, end_of_code_point(a, at) - at);
    return kNone;
  });
}
void substring(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kText);
  const Vector& texts = frame.operand(instruction, 0);
  each_entry<string_view>(out, [&](size_t i) {
    const string_view a = texts.at<string_view>(i);
    const bool ascii = is_ascii(a);
    const int64_t first = number(frame, instruction, 1, i);
    const size_t begin = first < 0 ? a.npos : code_point_at(a, static_cast<size_t>(first), ascii);
    size_t end = a.size();
    if (instruction.operand_count > 2) {
      const int64_t last = number(frame, instruction, 2, i);
      end = last < first ? a.npos : code_point_at(a, static_cast<size_t>(last), ascii);
    }
    if (begin == a.npos || end == a.npos) return out.fail(i, kOutsideText), string_view();
    return a.substr(begin, end - begin);
  });
}

int64_t code_points_before(string_view a, size_t at) { return static_cast<int64_t>(count_code_points(a.substr(0, at))); }

void index_of(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kInt);
  each_entry<int64_t>(out, [&](size_t i) -> int64_t {
    const string_view a = frame.operand(instruction, 0).at<string_view>(i), b = frame.operand(instruction, 1).at<string_view>(i);
    const int64_t from = instruction.operand_count > 2 ? number(frame, instruction, 2, i) : 0;
    if (b.empty()) return from;
    if (from < 0) return out.fail(i, kOutsideText), 0;
    const size_t begin = code_point_at(a, static_cast<size_t>(from), is_ascii(a));
    const size_t at = begin == a.npos ? a.npos : a.find(b, begin);
    return at == a.npos ? -1 : code_points_before(a, at);
  });
}
void last_index_of(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kInt);
  each_entry<int64_t>(out, [&](size_t i) -> int64_t {
    const string_view a = frame.operand(instruction, 0).at<string_view>(i), b = frame.operand(instruction, 1).at<string_view>(i);
    size_t latest = a.npos;
    if (instruction.operand_count > 2) {
      const int64_t from = number(frame, instruction, 2, i);
      if (b.empty()) return from;
      if (from < 0) return out.fail(i, kOutsideText), 0;
      latest = code_point_at(a, static_cast<size_t>(from), is_ascii(a));
      if (latest >= a.size()) return -1;
    }
    if (b.empty()) return static_cast<int64_t>(count_code_points(a));
    const size_t at = a.rfind(b, latest);
    return at == a.npos ? -1 : code_points_before(a, at);
  });
}

// Unicode's White_Space, as Go's unicode.IsSpace; the bytes of the one that `a` begins with, 0 if it doesn't.
size_t space_before(string_view a) {
  if (a.empty()) return 0;
  const auto byte = [&](size_t i) { return i < a.size() ? static_cast<unsigned char>(a[i]) : 0U; };
  if (byte(0) == ' ' || (byte(0) >= '\t' && byte(0) <= '\r')) return 1;
  if (byte(0) == 0xC2) return byte(1) == 0x85 || byte(1) == 0xA0 ? 2 : 0;
  const unsigned code = byte(0) << 16 | byte(1) << 8 | byte(2);
  const bool space = code == 0xE19A80 || (code >= 0xE28080 && code <= 0xE2808A) || code == 0xE280A8 || code == 0xE280A9 || code == 0xE280AF ||
                     code == 0xE2819F || code == 0xE38080;
  return space ? 3 : 0;
}
void trim(Frame& frame, const Instruction& instruction) {
  map_values<string_view, string_view>(frame, instruction, Form::kText, [](string_view a) {
    for (size_t size = space_before(a); size > 0; size = space_before(a)) a.remove_prefix(size);
    for (bool more = true; more && !a.empty();) {
      size_t last = a.size() - 1;
      while (last > 0 && !begins_code_point(a[last])) --last;
      more = space_before(a.substr(last)) == a.size() - last;
      if (more) a = a.substr(0, last);
    }
    return a;
  });
}
void truncate(Frame& frame, const Instruction& instruction) {
  try_values<string_view, string_view, int64_t>(frame, instruction, Form::kText, [](string_view a, int64_t length, string_view& r) {
    r = {};
    if (length < 0) return kNegativeLength;
    r = a;
    if (static_cast<uint64_t>(length) < a.size()) r = a.substr(0, code_point_at(a, static_cast<size_t>(length), is_ascii(a)));
    return kNone;
  });
}

constexpr NamedKernel kKernels[] = {
    {"size_string", size_string},
    {"size_bytes", size_bytes},
    {"contains_string", contains},
    {"starts_with_string", starts_with},
    {"ends_with_string", ends_with},
    {"matches", matches},
    {"string_char_at_int", char_at},
    {"string_index_of", index_of},
    {"string_index_of_int", index_of},
    {"string_last_index_of", last_index_of},
    {"string_last_index_of_int", last_index_of},
    {"string_substring", substring},
    {"string_substring_int_int", substring},
    {"string_trim", trim},
    {"truncate_string", truncate},
};

}  // namespace

void matches(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kBool);
  const auto& pattern = *static_cast<const RE2*>(instruction.constant);
  const Vector& texts = frame.operand(instruction, 0);
  each_entry<uint8_t>(out, [&](size_t i) {
    const string_view text = texts.at<string_view>(i);
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
  });
}

std::span<const NamedKernel> text_kernels() { return kKernels; }

}  // namespace millrace::rules
