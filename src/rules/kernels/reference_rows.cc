#include "rules/kernels/reference_rows.h"

#include <bit>

#include "base/short_text.h"
#include "rules/diagnostic.h"
#include "rules/kernels/load.h"
#include "rules/literal.h"

namespace millrace::rules {
namespace {

uint64_t mix(uint64_t value) {
  const auto product = static_cast<Uint128>(value ^ 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

template <class Same>
size_t ReferenceRows::slot(uint64_t number, Same same) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = mix(number) & mask;; at = (at + 1) & mask) {
    if (slots_[at].row == 0 || (slots_[at].number == number && same(slots_[at].row - 1))) return at;
  }
}

Result<std::shared_ptr<const ReferenceRows>> ReferenceRows::make(columns::Block block, size_t key_column) {
  std::shared_ptr<ReferenceRows> table(new ReferenceRows(std::move(block)));
  const size_t size = table->rows_.rows();
  table->slots_.resize(std::bit_ceil(size * 2 + 2));
  TextArena arena;
  Store keys;
  load(table->rows_.column(key_column), {nullptr, 0, size}, arena, keys);
  const Vector& vector = keys.vector();
  const std::string column = "column '" + table->rows_.name(key_column) + "'";
  if (vector.form != Form::kText && vector.form != Form::kInt && vector.form != Form::kUint)
    return permanent(column + " can't be a reference table's key: keys are strings or integers");
  if (vector.nulls != nullptr) return permanent(column + " is a reference table's key, and null in a row");
  for (size_t row = 0; row < size; ++row) {
    if (vector.form == Form::kText) {
      table->key_texts_.reserve(size);  // texts don't move from here on
      table->keys_.push_back(table->key_texts_.emplace_back(vector.at<std::string_view>(row)));
    }
    const uint64_t number = vector.form == Form::kText ? hash_text(table->keys_[row]) : vector.at<uint64_t>(row);
    const size_t at = table->slot(number, [&](size_t other) { return vector.form != Form::kText || table->keys_[other] == table->keys_[row]; });
    if (table->slots_[at].row != 0) {
      const std::string key = vector.form == Form::kText  ? quote_string(excerpt(table->keys_[row]))
                              : vector.form == Form::kInt ? std::to_string(vector.at<int64_t>(row))
                                                          : std::to_string(number);
      return permanent("the key " + key + " stands twice in " + column + ", in rows " + std::to_string(table->slots_[at].row) + " and " +
                       std::to_string(row + 1));
    }
    table->slots_[at] = {number, static_cast<uint32_t>(row + 1)};
  }
  return table;
}

int64_t ReferenceRows::find(std::string_view key) const {
  return static_cast<int64_t>(slots_[slot(hash_text(key), [&](size_t row) { return same_text(keys_[row], key); })].row) - 1;
}
int64_t ReferenceRows::find(int64_t key) const {
  return static_cast<int64_t>(slots_[slot(static_cast<uint64_t>(key), [](size_t) { return true; })].row) - 1;
}

size_t ReferenceRows::memory() const {
  size_t total = rows_.memory() + slots_.capacity() * sizeof(Slot) + keys_.capacity() * sizeof(std::string_view);
  for (const std::string& text : key_texts_) total += sizeof(std::string) + text.capacity();
  return total;
}

}  // namespace millrace::rules
