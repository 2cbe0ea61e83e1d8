#include "tools/audit/warehouse_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "clients/clickhouse/table_name.h"
#include "tools/audit/audit.h"

namespace millrace::audit {
namespace {

using parquet::Values;

template <class Value>
const std::vector<Value>* values_of(const Values& values) {
  return std::get_if<std::vector<Value>>(&values.of);
}

// The columns of an event's file, in this order.
const std::vector<std::string> kEventColumns{"_topic", "_partition", "_offset", "event_id", "tenant", "tenant_id", "amount"};

uint64_t amount_of(__int128 unscaled, int32_t scale) {
  for (; scale < 18; ++scale) unscaled *= 10;
  return identity_of_amount(unscaled);
}

Identity identity_of(std::span<const Values> columns, size_t row) {
  Identity identity;
  const Values &event_id = columns[3], &amount = columns[6];
  if (const auto* ids = values_of<Uuid>(event_id)) identity.has_event_id = true, identity.event_id = (*ids)[row];
  if (const auto* texts = values_of<std::string>(event_id)) identity.has_event_id = true, identity.event_id = identity_of_text((*texts)[row]);
  for (const Values& tenant : columns.subspan(4, 2)) {
    const auto* texts = values_of<std::string>(tenant);
    if (texts && !identity.has_tenant) identity.has_tenant = true, identity.tenant = hash_of((*texts)[row]);
  }
  if (const auto* decimals = values_of<parquet::Unscaled>(amount); decimals && amount.scale <= 18 && !amount.null[row])
    identity.has_amount = true, identity.amount = amount_of((*decimals)[row], amount.scale);
  if (const auto* integers = values_of<int64_t>(amount); integers && !amount.null[row])
    identity.has_amount = true, identity.amount = amount_of((*integers)[row], 0);
  return identity;
}

}  // namespace

Result<Warehouse> Warehouse::open(std::unique_ptr<WarehouseStore> store, const std::string& pipeline) {
  Warehouse warehouse;
  const auto paths = store->manifests();
  if (!paths) return std::unexpected(paths.error());
  for (const std::string& path : *paths) {
    const auto text = store->read(path);
    if (!text) return std::unexpected(text.error());
    const auto manifest = nlohmann::json::parse(*text, nullptr, false);
    try {
      if (manifest.at("pipeline").get<std::string>() != pipeline) continue;
      for (const auto& file : manifest.at("files"))
        warehouse.files_.push_back({file.at("path").get<std::string>(), file.at("table").get<std::string>(), file.at("rows").get<uint64_t>()});
    } catch (const nlohmann::json::exception& e) {
      return permanent(path + " in " + store->name() + " is no manifest: " + e.what());
    }
  }
  warehouse.store_ = std::move(store);
  return warehouse;
}

Status Warehouse::read(const File& file, const std::vector<std::string>& columns, const TakeGroup& take) const {
  auto done = store_->with_file(file.path, [&](const std::string& local) { return parquet::read_columns(local, columns, take); });
  if (!done && !done.error().message.contains(file.path)) done.error().message.insert(0, file.path + " in " + store_->name() + ": ");
  return done;
}

Result<Rows> Warehouse::rows(const std::string& topic) const {
  Rows rows;
  for (const File& file : files_) {
    if (file.table != table_of(topic)) continue;
    uint64_t count = 0;
    auto done = read(file, kEventColumns, [&](std::span<const Values> columns, size_t size) -> Status {
      const auto* topics = values_of<std::string>(columns[0]);
      const auto *partitions = values_of<int64_t>(columns[1]), *offsets = values_of<int64_t>(columns[2]);
      if (!topics || !partitions || !offsets) return permanent(file.path + " has no _topic, _partition and _offset: it isn't of this pipeline");
      for (size_t row = 0; row < size; ++row)
        if ((*topics)[row] == topic) rows[static_cast<int32_t>((*partitions)[row])].push_back({(*offsets)[row], identity_of(columns, row)});
      count += size;
      return {};
    });
    if (!done) return std::unexpected(done.error());
    if (count != file.rows) return permanent(file.path + " has " + std::to_string(count) + " rows, its manifest says " + std::to_string(file.rows));
  }
  for (auto& [partition, list] : rows) std::ranges::sort(list, {}, &Row::offset);
  return rows;
}

Result<LeftOutRanges> Warehouse::left_out(const std::string& topic) const {
  LeftOutRanges ranges;
  for (const File& file : files_) {
    if (file.table != clickhouse::kLeftOutTable) continue;
    const std::vector<std::string> names{"_topic", "_partition", "begin", "end", "left_out"};
    auto done = read(file, names, [&](std::span<const Values> columns, size_t size) -> Status {
      const auto* topics = values_of<std::string>(columns[0]);
      const auto *partitions = values_of<int64_t>(columns[1]), *begins = values_of<int64_t>(columns[2]), *ends = values_of<int64_t>(columns[3]),
                 *counts = values_of<int64_t>(columns[4]);
      if (!topics || !partitions || !begins || !ends || !counts) return permanent(file.path + " has other columns than a table of what rules left out");
      for (size_t row = 0; row < size; ++row)
        if ((*topics)[row] == topic)
          ranges[static_cast<int32_t>((*partitions)[row])].push_back({(*begins)[row], (*ends)[row], static_cast<uint64_t>((*counts)[row])});
      return {};
    });
    if (!done) return std::unexpected(done.error());
  }
  for (auto& [partition, list] : ranges) std::ranges::sort(list, {}, &LeftOut::begin);
  return ranges;
}

}  // namespace millrace::audit
