#include "pipeline/transform/event_time.h"

namespace millrace::pipeline {

using columns::Kind;

bool has_event_time(const columns::Type& type) {
  if (type.kind == Kind::kNullable) return has_event_time(type.children[0]);
  return type.kind == Kind::kDateTime64 || type.kind == Kind::kDateTime;
}

std::optional<int64_t> event_time_ms_of(const columns::Column& column, size_t row) {
  if (column.type().kind == Kind::kNullable) return column.is_null(row) ? std::nullopt : event_time_ms_of(column.child(0), row);
  if (column.type().kind == Kind::kDateTime) return int64_t{column.value<uint32_t>(row)} * 1000;
  auto time = column.value<int64_t>(row);
  for (uint32_t digits = column.type().precision; digits < 3; ++digits) time *= 10;
  for (uint32_t digits = column.type().precision; digits > 3; --digits) time = time / 10 - (time % 10 < 0 ? 1 : 0);
  return time;
}

}  // namespace millrace::pipeline
