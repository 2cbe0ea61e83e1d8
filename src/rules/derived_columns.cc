#include "rules/derived_columns.h"

#include <map>

namespace millrace::rules {

std::expected<std::vector<columns::NamedType>, std::vector<std::string>> merge_derived(std::string_view topic, std::span<const TenantColumns> tenants) {
  struct First {
    columns::Type type;
    std::string_view tenant;
  };
  std::map<std::string_view, First> merged;
  std::vector<std::string> errors;
  for (const TenantColumns& tenant : tenants) {
    for (const columns::NamedType& column : tenant.columns) {
      const auto [at, is_new] = merged.emplace(column.name, First{column.type, tenant.tenant});
      if (is_new || at->second.type == column.type) continue;
      errors.push_back(std::string(topic) + ": '" + column.name + "' is " + to_string(at->second.type) + " for " + std::string(at->second.tenant) + " and " +
                       to_string(column.type) + " for " + tenant.tenant + ": one of them needs another name");
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  std::vector<columns::NamedType> columns;
  for (const auto& [name, first] : merged) columns.push_back({std::string(name), first.type});
  return columns;
}

}  // namespace millrace::rules
