#pragma once
// How an insert says which plan it belongs to: in its deduplication token, in its query_id, and in a comment of the query
// (the embedded engine takes no query id for streaming inserts). DESIGN.md section 3.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace millrace::clickhouse {

struct InsertId {
  PlanId plan;
  std::string table;     // without the database
  uint32_t term = 0;     // 10 s each, from the plan's time
  uint32_t attempt = 0;  // counts inserts of one writer for this plan and table, over all terms
};

std::string deduplication_token(const InsertId& id);  // "<plan>/<table>/<term>"
std::string query_id(const InsertId& id);             // "millrace/<plan>/<table>/<term>/<attempt>"
// Finds "millrace/<uuid>/…" in a query id or a query's comment.
bool belongs_to(std::string_view query_id_or_text, PlanId plan);

}  // namespace millrace::clickhouse
