#pragma once
// Values out of columns, of every layout that rules can read (environment.h, type_of).

#include <cstdint>

#include "columns/column.h"
#include "rules/kernels/text_arena.h"
#include "rules/kernels/vector.h"

namespace millrace::rules {

// Which rows of a column: so many from `first`, or those listed.
struct Rows {
  const uint32_t* list = nullptr;  // none: neighbours
  size_t first = 0, size = 0;
  size_t at(size_t i) const { return list == nullptr ? first + i : list[i]; }
};

// One entry for each row. Texts and plain numbers of neighbouring rows may be views of the column.
void load(const columns::Column& column, const Rows& rows, TextArena& arena, Store& out);
// One entry for each row of a vector: derived values, elements.
void gather(const Vector& from, const Rows& rows, Store& out);

}  // namespace millrace::rules
