#include "clients/clickhouse/insert_id.h"

namespace millrace::clickhouse {

std::string deduplication_token(const InsertId& id) { return to_string(id.plan.value) + "/" + id.table + "/" + std::to_string(id.term); }

std::string query_id(const InsertId& id) { return "millrace/" + deduplication_token(id) + "/" + std::to_string(id.attempt); }

bool belongs_to(std::string_view text, PlanId plan) { return text.find("millrace/" + to_string(plan.value) + "/") != text.npos; }

}  // namespace millrace::clickhouse
