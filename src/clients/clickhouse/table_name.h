#pragma once
// The table that a topic's events land in, wherever one of the two names is known: order.created -> order_created.

#include <algorithm>
#include <string>
#include <string_view>

namespace millrace::clickhouse {

inline std::string table_of_topic(std::string_view topic) {
  std::string name(topic);
  std::ranges::replace(name, '.', '_');
  return name;
}

// Beside the topics' tables: records that tenants' rules dropped or sampled out are rows nowhere, so their numbers are, a row for each range of
// a plan. The columns beside those that every table has: begin Int64, end Int64, left_out UInt32.
inline constexpr const char* kLeftOutTable = "millrace_left_out";

}  // namespace millrace::clickhouse
