#include "columns/column.h"

#include <bit>

#include "base/result.h"
#include "base/short_text.h"

namespace millrace::columns {
namespace {

Layout layout_of(Kind kind) {
  switch (kind) {
    case Kind::kString: return Layout::kString;
    case Kind::kNullable: return Layout::kNullable;
    case Kind::kArray: return Layout::kArray;
    case Kind::kMap: return Layout::kMap;
    case Kind::kLowCardinality: return Layout::kLowCardinality;
    default: return Layout::kFixed;
  }
}
uint32_t width_of(Layout layout, const Type& type) {
  switch (layout) {
    case Layout::kFixed: return fixed_width(type);
    case Layout::kNullable: return 1;
    case Layout::kString:
    case Layout::kLowCardinality: return 4;
    case Layout::kArray:
    case Layout::kMap: return 8;
  }
  return 0;
}

// each(begin, end) for neighbours whose byte in the mask isn't 0, as rows: the mask begins at `first`.
template <class Each>
void for_runs(std::span<const uint8_t> mask, size_t first, Each each) {
  for (size_t begin = 0; begin < mask.size(); ++begin) {
    if (mask[begin] == 0) continue;
    const auto* behind = static_cast<const uint8_t*>(std::memchr(mask.data() + begin, 0, mask.size() - begin));
    const size_t end = behind == nullptr ? mask.size() : static_cast<size_t>(behind - mask.data());
    each(first + begin, first + end);
    begin = end;
  }
}

}  // namespace

Column::Column(Type type) : layout_(layout_of(type.kind)), type_(std::move(type)) {
  width_ = width_of(layout_, type_);
  MILLRACE_CHECK(width_ > 0, "a column's type has a width: " + to_string(type_));
  if (std::has_single_bit(width_)) shift_ = static_cast<int8_t>(std::countr_zero(width_));
  if (layout_ == Layout::kLowCardinality) {
    dictionary_ = std::make_unique<Dictionary>(is_nullable(type_));
    return;
  }
  children_.reserve(type_.children.size());
  for (const Type& child : type_.children) children_.emplace_back(child);
}

size_t Column::bytes() const {
  size_t total = layout_ == Layout::kString ? text_.size() : marks_.size();
  if (dictionary_) total += dictionary_->text().size();
  for (const Column& child : children_) total += child.bytes();
  return total;
}
size_t Column::memory() const {
  size_t total = marks_.capacity() + text_.capacity() + (dictionary_ ? dictionary_->memory() : 0);
  for (const Column& child : children_) total += child.memory();
  return total;
}

void Column::append_null() {
  if (layout_ == Layout::kLowCardinality) return marks_.put<uint32_t>(0);
  marks_.put<uint8_t>(1);
  children_[0].append_default();
}

void Column::append_default() {
  switch (layout_) {
    case Layout::kFixed: return marks_.append_zeros(width_);
    case Layout::kString: return append_text({});
    case Layout::kNullable: return append_null();
    case Layout::kArray:
    case Layout::kMap: return append_end(0);
    case Layout::kLowCardinality: return is_nullable(type_) ? append_null() : append_text({});
  }
}

void Column::append_defaults(size_t rows) {
  if (rows == 0) return;
  if (layout_ == Layout::kFixed) return marks_.append_zeros(rows * width_);
  if (layout_ == Layout::kString) {
    text_.append_zeros(rows);  // each the length of ""
    marks_.reserve(rows * sizeof(uint32_t));
    for (size_t i = rows; i > 0; --i) marks_.put(static_cast<uint32_t>(text_.size() - i + 1));
    return;
  }
  if (layout_ == Layout::kNullable) {
    marks_.reserve(rows);
    std::memset(marks_.tail(), 1, rows);
    marks_.advance(rows);
    return children_[0].append_defaults(rows);
  }
  if (layout_ == Layout::kLowCardinality && is_nullable(type_)) return marks_.append_zeros(rows * width_);
  for (size_t i = 0; i < rows; ++i) append_default();
}

void Column::append_texts(std::span<const std::string_view> texts, const uint8_t* nulls) {
  const auto is_null = [nulls](size_t i) { return nulls != nullptr && nulls[i] != 0; };
  if (layout_ == Layout::kLowCardinality) {
    const bool has_null = is_nullable(type_);
    for (size_t i = 0; i < texts.size(); ++i) {
      if (is_null(i) && has_null)
        append_null();
      else
        append_text(is_null(i) ? std::string_view() : texts[i]);
    }
    return;
  }
  size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size() + 10;
  text_.reserve(bytes + Buffer::kSlack);
  marks_.reserve(texts.size() * sizeof(uint32_t));
  const char* const begin = text_.data();
  char* to = text_.tail();
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string_view text = is_null(i) ? std::string_view() : texts[i];
    size_t left = text.size();
    while (left >= 0x80) *to++ = static_cast<char>(left | 0x80), left >>= 7;
    *to++ = static_cast<char>(left);
    copy_text(to, text.data(), text.size());
    to += text.size();
    marks_.put(static_cast<uint32_t>(to - begin));
  }
  text_.set_tail(to);
}

std::string_view Column::text(size_t row) const {
  if (layout_ == Layout::kLowCardinality) return dictionary_->key(marks_.at<uint32_t>(row));
  const uint32_t begin = row == 0 ? 0 : marks_.at<uint32_t>(row - 1);
  const char* p = text_.data() + begin;
  const char* end = text_.data() + marks_.at<uint32_t>(row);
  while (*p & 0x80) ++p;
  ++p;
  return {p, static_cast<size_t>(end - p)};
}

bool Column::is_null(size_t row) const {
  if (layout_ == Layout::kNullable) return marks_.at<uint8_t>(row) != 0;
  return layout_ == Layout::kLowCardinality && is_nullable(type_) && marks_.at<uint32_t>(row) == 0;
}

void Column::truncate(size_t rows) {
  // Children may be ahead of their parent: a record that was refused inside an array. So the parent's rows alone don't tell.
  if (this->rows() > rows) marks_.shrink(rows * width_);
  switch (layout_) {
    case Layout::kFixed: return;
    case Layout::kString: return text_.shrink(marks_.empty() ? 0 : marks_.at<uint32_t>(this->rows() - 1));
    case Layout::kLowCardinality: return dictionary_->forget_rows_from(this->rows());
    case Layout::kNullable: return children_[0].truncate(this->rows());
    case Layout::kArray:
    case Layout::kMap: {
      const uint64_t elements = marks_.empty() ? 0 : marks_.at<uint64_t>(this->rows() - 1);
      for (Column& child : children_) child.truncate(elements);
      return;
    }
  }
}

void Column::keep(std::span<const uint8_t> mask, size_t first) {
  MILLRACE_CHECK(first <= rows() && mask.size() == rows() - first, "the mask has a byte for each row");
  if (layout_ == Layout::kArray || layout_ == Layout::kMap) return keep_elements(mask, first);
  size_t kept = first;
  if (layout_ == Layout::kString) {
    uint32_t kept_end = first == 0 ? 0 : marks_.at<uint32_t>(first - 1);
    for_runs(mask, first, [&](size_t row, size_t end) {
      // The mark before a run is still its own: as many rows lie before it as were kept, or more.
      const uint32_t text = row == 0 ? 0 : marks_.at<uint32_t>(row - 1), size = marks_.at<uint32_t>(end - 1) - text, back = text - kept_end;
      std::memmove(text_.data() + kept_end, text_.data() + text, size);
      for (; row < end; ++row) marks_.set<uint32_t>(kept++, marks_.at<uint32_t>(row) - back);
      kept_end += size;
    });
    text_.shrink(kept_end);
  } else {
    for_runs(mask, first, [&](size_t row, size_t end) {
      std::memmove(marks_.data() + kept * width_, marks_.data() + row * width_, (end - row) * width_);
      kept += end - row;
    });
    if (dictionary_) dictionary_->renumber_rows();
  }
  marks_.shrink(kept * width_);
  if (layout_ == Layout::kNullable) children_[0].keep(mask, first);
}

void Column::keep_elements(std::span<const uint8_t> mask, size_t first) {
  const uint64_t first_element = elements_begin(first);
  std::vector<uint8_t> elements(rows() == 0 ? 0 : elements_end(rows() - 1) - first_element);
  size_t kept = first;
  uint64_t kept_end = first_element;
  for_runs(mask, first, [&](size_t row, size_t end) {
    const uint64_t begin = elements_begin(row), size = elements_end(end - 1) - begin, back = begin - kept_end;
    if (size > 0) std::memset(elements.data() + (begin - first_element), 1, size);
    for (; row < end; ++row) marks_.set<uint64_t>(kept++, marks_.at<uint64_t>(row) - back);
    kept_end += size;
  });
  marks_.shrink(kept * 8);
  for (Column& child : children_) child.keep(elements, first_element);
}

void Column::append_rows(const Column& from, size_t first, size_t count) {
  if (count == 0) return;
  switch (layout_) {
    case Layout::kFixed:
    case Layout::kNullable: {
      marks_.append(from.marks_.data() + first * width_, count * width_);
      if (layout_ == Layout::kNullable) children_[0].append_rows(from.children_[0], first, count);
      return;
    }
    case Layout::kString: {
      const uint32_t begin = first == 0 ? 0 : from.marks_.at<uint32_t>(first - 1), end = from.marks_.at<uint32_t>(first + count - 1);
      const auto shift = static_cast<uint32_t>(text_.size()) - begin;
      text_.append(from.text_.data() + begin, end - begin);
      marks_.reserve(count * 4);
      char* const ends = marks_.tail();
      for (size_t i = 0; i < count; ++i) {
        const uint32_t row_end = from.marks_.at<uint32_t>(first + i) + shift;
        std::memcpy(ends + i * 4, &row_end, 4);
      }
      marks_.advance(count * 4);
      return;
    }
    case Layout::kArray:
    case Layout::kMap: {
      const uint64_t begin = from.elements_begin(first), elements = from.elements_end(first + count - 1) - begin;
      const uint64_t shift = (marks_.empty() ? 0 : marks_.at<uint64_t>(rows() - 1)) - begin;
      for (size_t row = first; row < first + count; ++row) marks_.put<uint64_t>(from.marks_.at<uint64_t>(row) + shift);
      for (size_t i = 0; i < children_.size(); ++i) children_[i].append_rows(from.children_[i], begin, elements);
      return;
    }
    case Layout::kLowCardinality: {
      const bool has_null = is_nullable(type_);
      const auto number = [&](uint32_t theirs) { return has_null && theirs == 0 ? 0 : dictionary_->index_of(from.dictionary_->key(theirs), rows()); };
      if (from.dictionary_->size() > count) {
        for (size_t row = first; row < first + count; ++row) marks_.put(number(from.marks_.at<uint32_t>(row)));
        return;
      }
      constexpr uint32_t kUnmet = UINT32_MAX;
      std::vector<uint32_t> numbers(from.dictionary_->size(), kUnmet);
      for (size_t row = first; row < first + count; ++row) {
        uint32_t& known = numbers[from.marks_.at<uint32_t>(row)];
        if (known == kUnmet) known = number(from.marks_.at<uint32_t>(row));
        marks_.put(known);
      }
      return;
    }
  }
}

void Column::clear() {
  marks_.clear(), text_.clear();
  if (dictionary_) dictionary_->clear();
  for (Column& child : children_) child.clear();
}

}  // namespace millrace::columns
