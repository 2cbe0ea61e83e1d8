#pragma once
// Makes ClickHouse's tables ready for what rules derive, before any worker could send such rows.

#include <mutex>
#include <optional>
#include <vector>

#include "catalog_topic/catalog_contents.h"
#include "clients/clickhouse/client.h"
#include "services/catalog/answer.h"

namespace millrace::catalog {

// Any thread, one after the other.
class ColumnMaker {
 public:
  ColumnMaker(clickhouse::Endpoint endpoint, std::string database) : client_(std::move(endpoint)), database_(std::move(database)) {}

  enum class Act { kLook, kMake };
  // Adds the columns that are missing (ALTER TABLE … ADD COLUMN IF NOT EXISTS). Nothing: the tables have all of them, with these types; if
  // it only looked, they can have them.
  std::optional<Refusal> make(const std::vector<catalog_topic::DerivedColumns>& derived, Act act = Act::kMake);

 private:
  std::optional<Refusal> make_in(const catalog_topic::DerivedColumns& topic, Act act);

  std::mutex mutex_;
  clickhouse::Client client_;
  const std::string database_;
};

}  // namespace millrace::catalog
