#include "pipeline/transform/event_time.h"

namespace millrace::pipeline {

using columns::Kind;

bool has_event_time(const columns::Type& type) {
  if (type.kind == Kind::kNullable) return has_event_time(type.children[0]);
  return type.kind == Kind::kDateTime64 || type.kind == Kind::kDateTime;
}

EventTimes::EventTimes(const columns::Column& column) : values_(&column) {
  if (column.type().kind == Kind::kNullable) nullable_ = &column, values_ = &column.child(0);
  seconds_ = values_->type().kind == Kind::kDateTime;
  if (seconds_) return;
  for (uint32_t digits = values_->type().precision; digits < 3; ++digits) multiply_ *= 10;
  for (uint32_t digits = values_->type().precision; digits > 3; --digits) divide_ *= 10;
}

}  // namespace millrace::pipeline
