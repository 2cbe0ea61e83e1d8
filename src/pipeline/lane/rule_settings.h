#pragma once
// What the tenants' rules are read and run with.

#include <string>

namespace millrace::pipeline {

enum class UnknownTenant { kReject, kPass };

// What of the settings reaches rows: part of a catalog's hash.
struct RuleSettings {
  std::string catalog_topic;                // empty: no rules
  std::string tenant_column = "tenant";     // of the events
  std::string time_column = "occurred_at";  // likewise: when it happened, for alerts
  UnknownTenant unknown_tenant = UnknownTenant::kReject;
  std::string pseudonym_key;  // the pipeline's secret: a tenant's key for hmac() follows from it; empty: hmac() is refused
};

}  // namespace millrace::pipeline
