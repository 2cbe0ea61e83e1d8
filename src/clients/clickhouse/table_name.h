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

}  // namespace millrace::clickhouse
