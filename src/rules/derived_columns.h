#pragma once
// All tenants' events of a topic lie in one table, so what one of them derives is a column of all.

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "columns/block.h"

namespace millrace::rules {

struct TenantColumns {
  std::string tenant;
  std::vector<columns::NamedType> columns;  // CheckedTopic::made_columns()
};

// By name. A column that two tenants make has one type, else the errors name both: "order.created: 'gross' is Nullable(Float64) for acme and
// Nullable(Int64) for globex: one of them needs another name".
std::expected<std::vector<columns::NamedType>, std::vector<std::string>> merge_derived(std::string_view topic, std::span<const TenantColumns> tenants);

}  // namespace millrace::rules
