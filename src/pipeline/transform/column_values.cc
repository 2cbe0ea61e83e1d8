#include "pipeline/transform/column_values.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"

namespace millrace::pipeline {

using rules::Form;
using rules::Range;
using rules::Store;
using rules::Vector;

void ColumnValues::begin(Form form, uint8_t scale, size_t rows) {
  texts_.reset();
  values_.reset_to_zero(form, rows);
  values_.set_scale(scale);
  nulls_ = values_.make_nulls();
  std::memset(nulls_, 1, rows);
  assigned_.assign(rows, 0);
}

void ColumnValues::clear(size_t row) { assigned_[row] = 2, nulls_[row] = 1; }

void ColumnValues::set(size_t row, const Vector& from, size_t entry) {
  assigned_[row] = 1;
  if (from.is_null(entry) || from.form == Form::kNothing) return;
  const Vector& all = values_.vector();
  MILLRACE_CHECK(all.form == from.form, "values of one form are assigned to a column");
  nulls_[row] = 0;
  const size_t width = rules::width_of(all.form);
  char* out = static_cast<char*>(const_cast<void*>(all.values)) + row * width;  // its own memory
  if (all.form == Form::kText) {
    const std::string_view text = texts_.keep(from.at<std::string_view>(entry));
    std::memcpy(out, &text, sizeof(std::string_view));
  } else if (all.form == Form::kList || all.form == Form::kMap) {
    const auto range = from.at<Range>(entry);
    Range own;
    std::vector<uint32_t> elements;
    for (uint64_t i = range.begin; i < range.end; ++i) elements.push_back(static_cast<uint32_t>(i));
    for (size_t c = 0; c < (all.form == Form::kMap ? 2U : 1U); ++c) {
      if (from.children[c] == nullptr) continue;
      const bool first = all.children[c] == nullptr;
      Store& child = values_.child(c);
      if (first) child.reset(Form::kNothing, 0);
      own.begin = child.vector().size;
      child.append(*from.children[c], elements.data(), elements.size());
      own.end = child.vector().size;
      copy_texts(child.vector(), own.begin, own.end);
    }
    std::memcpy(out, &own, sizeof own);
  } else {
    std::memcpy(out, static_cast<const char*>(from.values) + entry * from.step * width, width);
  }
}

void ColumnValues::set(std::span<const uint32_t> rows, size_t first, const Vector& from) {
  if (from.form != Form::kText) {
    for (size_t i = 0; i < rows.size(); ++i) set(rows[i] - first, from, i);
    return;
  }
  MILLRACE_CHECK(values_.vector().form == from.form, "values of one form are assigned to a column");
  auto* texts = static_cast<std::string_view*>(const_cast<void*>(values_.vector().values));  // its own memory
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t row = rows[i] - first;
    assigned_[row] = 1;
    if (from.is_null(i)) continue;
    nulls_[row] = 0;
    texts[row] = texts_.keep(from.at<std::string_view>(i));
  }
}

bool ColumnValues::all_set() const {
  return std::ranges::all_of(assigned_, [](uint8_t how) { return how == 1; });
}

Vector ColumnValues::without_needless_nulls() const {
  Vector view = values_.vector();
  if (std::memchr(nulls_, 1, assigned_.size()) == nullptr) view.nulls = nullptr;
  return view;
}

// Texts of [begin, end), and of what is inside of them, move to memory that stays.
void ColumnValues::copy_texts(const Vector& of, size_t begin, size_t end) {
  if (of.form == Form::kText) {
    auto* texts = static_cast<std::string_view*>(const_cast<void*>(of.values));
    for (size_t i = begin; i < end; ++i) texts[i] = texts_.keep(texts[i]);
  } else if (of.form == Form::kList || of.form == Form::kMap) {
    const auto* ranges = of.data<Range>();
    for (const Vector* child : of.children)
      for (size_t i = begin; child != nullptr && i < end; ++i) copy_texts(*child, ranges[i].begin, ranges[i].end);
  }
}

}  // namespace millrace::pipeline
