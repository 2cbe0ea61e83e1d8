// warehouse_driver ROOT ROWS PLANS [ENDPOINT]: writes so many plans of the table `types`, whose row i is what test_warehouse.py says it is. ROOT is a directory, or
// s3://BUCKET/PREFIX at the endpoint, with the environment's keys. Exits 0 when all are durable; says on standard output which plan is durable, or why one waits.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "pipeline/sinks/warehouse/warehouse_sink.h"

namespace millrace {
namespace {

using columns::Column;
using columns::Kind;
using columns::simple;

std::vector<columns::NamedType> all_types() {
  const auto text = simple(Kind::kString);
  auto sparse = columns::enumeration({"low", "high", "none"});
  sparse.symbols[1].second = 100, sparse.symbols[2].second = -7;
  return {{"bool", simple(Kind::kBool)},
          {"i8", simple(Kind::kInt8)},
          {"i16", simple(Kind::kInt16)},
          {"i32", simple(Kind::kInt32)},
          {"i64", simple(Kind::kInt64)},
          {"u8", simple(Kind::kUInt8)},
          {"u16", simple(Kind::kUInt16)},
          {"u32", simple(Kind::kUInt32)},
          {"u64", simple(Kind::kUInt64)},
          {"f32", simple(Kind::kFloat32)},
          {"f64", simple(Kind::kFloat64)},
          {"text", text},
          {"bytes", text},
          {"fixed", columns::fixed_string(4)},
          {"uuid", simple(Kind::kUuid)},
          {"day", simple(Kind::kDate)},
          {"day32", simple(Kind::kDate32)},
          {"second", columns::date_time("UTC")},
          {"milli", columns::date_time64(3)},
          {"micro", columns::date_time64(6)},
          {"nano", columns::date_time64(9)},
          {"tenth", columns::date_time64(1)},
          {"enum", columns::enumeration({"a", "b", "c"})},
          {"sparse", sparse},
          {"d9", columns::decimal(9, 2)},
          {"d18", columns::decimal(18, 4)},
          {"d38", columns::decimal(38, 10)},
          {"d76", columns::decimal(76, 20)},
          {"n_i64", columns::nullable(simple(Kind::kInt64))},
          {"n_text", columns::nullable(text)},
          {"n_uuid", columns::nullable(simple(Kind::kUuid))},
          {"lc", columns::low_cardinality(text)},
          {"lc_null", columns::low_cardinality(columns::nullable(text))},
          {"list", columns::array(simple(Kind::kInt64))},
          {"list_null", columns::array(columns::nullable(text))},
          {"list_lc", columns::array(columns::low_cardinality(text))},
          {"map", columns::map(text, simple(Kind::kInt64))},
          {"json", text},
          {"_partition", simple(Kind::kInt32)},
          {"_offset", simple(Kind::kInt64)},
          {"_schema_id", simple(Kind::kInt32)}};
}

void append_128(Column& column, int64_t value) { column.append(value), column.marks().put<int64_t>(value < 0 ? -1 : 0); }

void append_row(columns::Block& block, int64_t i) {
  size_t next = 0;
  const auto column = [&]() -> Column& { return block.column(next++); };
  const std::string number = std::to_string(i);
  const char fixed[] = {static_cast<char>('a' + i % 26), 'x', '\0', static_cast<char>(i)};
  column().append(static_cast<uint8_t>(i % 2));
  column().append(static_cast<int8_t>(i % 256 - 128));
  column().append(static_cast<int16_t>(-(i % 30'000)));
  column().append(static_cast<int32_t>(-i));
  column().append<int64_t>(i * 1'000'000'000'000);
  column().append(static_cast<uint8_t>(i % 256));
  column().append(static_cast<uint16_t>(65'535 - i % 60'000));
  column().append(static_cast<uint32_t>(4'294'967'295 - i));
  column().append<uint64_t>(UINT64_MAX - static_cast<uint64_t>(i));
  column().append(static_cast<float>(i % 1000) * 0.5F);
  column().append(static_cast<double>(i) * 0.25);
  column().append_text("Grüße " + number);
  column().append_text(std::string("\xff\x00", 2) + number);
  column().append_fixed(fixed);
  column().append(Uuid{static_cast<uint64_t>(i), 0x8000'0000'0000'00ffU});
  column().append(static_cast<uint16_t>(i % 20'000));
  column().append(static_cast<int32_t>(i % 20'000 - 10'000));
  column().append(static_cast<uint32_t>(1'700'000'000 + i));
  column().append<int64_t>(1'700'000'000'001 + i);
  column().append<int64_t>(1'700'000'000'000'001 + i);
  column().append<int64_t>(1'700'000'000'000'000'001 + i);
  column().append<int64_t>(17'000'000'001 + i);
  column().append(static_cast<int8_t>(i % 3));
  column().append(static_cast<int8_t>(i % 3 == 0 ? 0 : i % 3 == 1 ? 100 : -7));
  column().append(static_cast<int32_t>(i * 7 - 5000));
  column().append<int64_t>(i * 1'000'003 - 77);
  append_128(column(), i * 1'000'000'007 - 12'345);
  auto& d76 = column();
  append_128(d76, i * 11 - 400);
  for (int half = 0; half < 2; ++half) d76.marks().put<int64_t>(i * 11 - 400 < 0 ? -1 : 0);
  for (int nullable = 0; nullable < 3; ++nullable) {
    auto& value = column();
    if (i % 3 == nullable) {
      value.append_null();
      continue;
    }
    value.append_not_null();
    if (nullable == 0) value.child(0).append<int64_t>(-i);
    if (nullable == 1) value.child(0).append_text("n" + number);
    if (nullable == 2) value.child(0).append(Uuid{static_cast<uint64_t>(i), 1});
  }
  column().append_text("key " + std::to_string(i % 10));
  auto& lc_null = column();
  i % 4 == 0 ? lc_null.append_null() : lc_null.append_text("key " + std::to_string(i % 4));
  auto &list = column(), &list_null = column(), &list_lc = column(), &map = column();
  for (int64_t k = 0; k < i % 4; ++k) {
    list.child(0).append<int64_t>(i + k);
    if (k == 1)
      list_null.child(0).append_null();
    else
      list_null.child(0).append_not_null(), list_null.child(0).child(0).append_text("e" + std::to_string(k));
    list_lc.child(0).append_text("lc" + std::to_string(k));
    map.child(0).append_text("k" + std::to_string(k)), map.child(1).append<int64_t>(i * k);
  }
  for (Column* nested : {&list, &list_null, &list_lc, &map}) nested->append_end(static_cast<uint64_t>(i % 4));
  column().append_text("{\"i\":" + number + "}");
  column().append(static_cast<int32_t>(i % 8)), column().append<int64_t>(i), column().append<int32_t>(42);
  block.end_row();
}

bool write_plan(pipeline::WarehouseSink& sink, uint64_t number, int64_t rows) {
  using pipeline::SinkState;
  columns::Block block(all_types());
  for (int64_t i = 0; i < rows; ++i) append_row(block, i);
  pipeline::WarehouseOrder order{PlanId(Uuid{0x019a'0000'0000'7000, number}), "demo", 1'795'743'000'123, {}, {}};
  order.ranges.push_back({"typed", TopicId(Uuid{1, 2}), PartitionId(0), {Offset(0), Offset(rows)}, rows});
  order.tables.push_back({"types", "typed", "milli", {"bytes"}, std::make_shared<const columns::Block>(std::move(block))});
  sink.begin(std::move(order));
  std::string said;
  while (true) {
    const SinkState state = sink.state();
    if (state.kind == SinkState::Kind::kDurable) return std::printf("durable %lu\n", number), std::fflush(stdout), true;
    if (state.kind == SinkState::Kind::kStopped) return std::printf("stopped: %s\n", state.reason.c_str()), false;
    if (state.reason != said) std::printf("waiting: %s\n", state.reason.c_str()), std::fflush(stdout), said = state.reason;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace
}  // namespace millrace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return std::fprintf(stderr, "warehouse_driver ROOT ROWS PLANS [ENDPOINT]\n"), 2;
  millrace::metrics::Registry metrics;
  millrace::pipeline::WarehouseSinkSettings settings;
  if (const auto bucket = millrace::object_store::bucket_and_prefix(argv[1]); bucket && argc == 5) {
    settings.storage.bucket.bucket = bucket->first, settings.storage.prefix = bucket->second;
    settings.storage.bucket.endpoint = argv[4];
    settings.storage.bucket.deadline = std::chrono::milliseconds(2000);  // tests don't wait as long as production does
    settings.retry_max = std::chrono::milliseconds(1000);
  } else {
    settings.storage.directory = argv[1];
  }
  settings.files.row_group_rows = 4096;  // so that a thousand rows more or less make several groups
  millrace::pipeline::WarehouseSink sink(settings, metrics, [] {});
  for (uint64_t plan = 1; plan <= std::strtoull(argv[3], nullptr, 10); ++plan)
    if (!millrace::write_plan(sink, plan, std::atoll(argv[2]))) return 1;
}
