// The sink on the real engine, behind two gates that stand for two ways to it: what a network does to an insert never doubles its rows.
#include "pipeline/sinks/clickhouse/clickhouse_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "integration/clickhouse_fixture.h"
#include "tools/supervisor/gate.h"

namespace millrace::test {
namespace {

using namespace pipeline;
using std::chrono::milliseconds;
using supervisor::GateMode;

constexpr size_t kRows = 4'000;

int64_t now_ms() { return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

class SinkBehindGates : public testing::Test {
 protected:
  SinkBehindGates() : direct({.url = server.url(), .password = {}}), first(0, server.port()), second(0, server.port()) {
    EXPECT_TRUE(first.start());
    EXPECT_TRUE(second.start());
    const auto made = direct.execute(R"(CREATE TABLE t (_plan UInt128, _topic LowCardinality(String), _offset Int64, text String,
        _ingested_at DateTime64(3, 'UTC'), _deadline DateTime EPHEMERAL,
        _landed_at DateTime DEFAULT if(throwIf(nowInBlock() > _deadline, 'past the term') = 0, nowInBlock(), nowInBlock()))
        ENGINE = MergeTree ORDER BY _offset SETTINGS non_replicated_deduplication_window = 1000)");
    EXPECT_TRUE(made) << made.error().message;
  }
  ClickHouseShards both(compression::ContentCoding coding) const {
    const auto url = [](const supervisor::Gate& gate) { return "http://127.0.0.1:" + std::to_string(gate.port()); };
    const clickhouse::Endpoint like{.url = {}, .password = {}, .query_timeout = milliseconds(5000), .compression = coding};
    return {std::make_shared<clickhouse::EndpointGroup>(like, std::vector{url(first), url(second)})};
  }
  static WriteOrder order(uint64_t number) {
    columns::Block block({{"_offset", columns::simple(columns::Kind::kInt64)}, {"text", columns::simple(columns::Kind::kString)}});
    for (size_t i = 0; i < kRows; ++i) {
      block.column(0).append(static_cast<int64_t>(i));
      block.column(1).append_text("page " + std::to_string(i % 97));
      block.end_row();
    }
    WriteOrder made{PlanId(make_uuid_v7(now_ms(), number, number * 7919)), now_ms(), true, 0, {}};
    made.tables.push_back({"t", "topic", std::move(block)});
    return made;
  }
  SinkState write(const ClickHouseShards& shards, WriteOrder what, milliseconds within = milliseconds(40'000)) {
    ClickHouseSink sink({shards, {}, 1}, metrics, [] {});
    sink.begin(std::move(what));
    const auto until = std::chrono::steady_clock::now() + within;
    while (sink.state().kind == SinkState::Kind::kWriting && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(5));
    return sink.state();
  }
  std::string rows() { return direct.select("SELECT count(), uniqExact(_plan, _offset) FROM t", "TabSeparated").value_or("?"); }

  ClickhouseFixture server;
  clickhouse::Client direct;
  supervisor::Gate first, second;
  metrics::Registry metrics;
};

TEST_F(SinkBehindGates, AnInsertWhoseReplyIsLostIsThereOnceWhateverItsCoding) {
  uint64_t plans = 0;
  for (const auto coding : {compression::ContentCoding::kNone, compression::ContentCoding::kLz4, compression::ContentCoding::kZstd}) {
    first.set({.mode = GateMode::kLoseReply, .match = "INSERT", .count = 1});
    const SinkState state = write(both(coding), order(++plans));
    EXPECT_EQ(state.kind, SinkState::Kind::kDurable) << compression::name(coding) << ": " << state.reason;
    EXPECT_EQ(first.counts().replies_lost, plans);
    EXPECT_EQ(rows(), std::to_string(plans * kRows) + "\t" + std::to_string(plans * kRows) + "\n") << compression::name(coding);
  }
}

TEST_F(SinkBehindGates, OneThatRefusesOrResetsIsLeftForTheOther) {
  uint64_t plans = 0;
  for (const GateMode mode : {GateMode::kRefuse, GateMode::kReset}) {
    first.set({.mode = mode});
    std::this_thread::sleep_for(milliseconds(100));
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(write(both(compression::ContentCoding::kZstd), order(++plans)).kind, SinkState::Kind::kDurable) << supervisor::name(mode);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(5'000));
    EXPECT_EQ(rows(), std::to_string(plans * kRows) + "\t" + std::to_string(plans * kRows) + "\n");
    first.set({});
  }
}

TEST_F(SinkBehindGates, BothOutAndBackAgainLosesNothing) {
  first.set({.mode = GateMode::kReset}), second.set({.mode = GateMode::kReset});
  std::this_thread::sleep_for(milliseconds(100));
  const auto shards = both(compression::ContentCoding::kLz4);
  std::jthread mender([&] {
    std::this_thread::sleep_for(milliseconds(1'500));
    second.set({});
  });
  EXPECT_EQ(write(shards, order(1)).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(rows(), std::to_string(kRows) + "\t" + std::to_string(kRows) + "\n");
}

}  // namespace
}  // namespace millrace::test
