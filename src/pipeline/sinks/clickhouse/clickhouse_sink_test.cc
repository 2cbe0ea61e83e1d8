// The sink against replicas and shards that answer as a test tells them to. What it does with the real engine: tests/integration.
#include "pipeline/sinks/clickhouse/clickhouse_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "clients/http_server/server.h"

namespace millrace::pipeline {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

int64_t now_ms() { return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// What replicas of one table share.
struct SharedRows {
  std::mutex mutex;
  bool replicated = true;
  uint64_t rows = 0;
  std::vector<std::string> tokens;
};

// Says what it was asked, in short words; takes an insert once for each token.
class Replica {
 public:
  explicit Replica(SharedRows& shared) : shared_(shared) {
    server_.route("POST", "/", [this](http_server::Request& in, http_server::Response& out) {
      const std::lock_guard lock(shared_.mutex);
      const std::string body = in.body().value_or(""), text = in.parameter("query").value_or(body);
      if (text.starts_with("INSERT")) return insert(in.parameter("insert_deduplication_token").value_or(""), out);
      if (text.find("toUnixTimestamp64Milli") != text.npos) return say(out, "time", std::to_string(now_ms()));
      if (text.find("system.processes") != text.npos) return say(out, "under way", "0");
      if (text.find("system.tables") != text.npos) return say(out, "replicated?", shared_.replicated ? "1" : "0");
      if (text.starts_with("SYSTEM SYNC REPLICA")) return say(out, "sync", "");
      if (text.find("WHERE _plan") != text.npos)
        return say(out, in.parameter("select_sequential_consistency") ? "count of all" : "count", std::to_string(shared_.rows));
      if (text.find("max(_offset)") != text.npos) return say(out, "last offset", "1\t" + std::to_string(last_offset));
      say(out, text, "1");
    });
    EXPECT_TRUE(server_.start());
    url = "http://" + server_.address();
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(shared_.mutex);
    return asked_;
  }

  std::string url;
  int replies_to_lose = 0;  // a proxy says 502 for an insert that has landed
  int too_many_parts = 0;   // so many inserts are refused
  int64_t last_offset = 0;

 private:
  void say(http_server::Response& out, const std::string& word, const std::string& answer) {
    asked_.push_back(word);
    out.body = answer + "\n";
  }
  void insert(const std::string& token, http_server::Response& out) {
    asked_.emplace_back("insert");
    if (too_many_parts > 0) {
      --too_many_parts;
      out.status = 503, out.headers.emplace_back("X-ClickHouse-Exception-Code", "252");
      return void(out.body = "Code: 252. DB::Exception: Too many parts");
    }
    if (std::ranges::find(shared_.tokens, token) == shared_.tokens.end()) shared_.rows += 3, shared_.tokens.push_back(token);
    if (replies_to_lose > 0) --replies_to_lose, out.status = 502;
  }

  SharedRows& shared_;
  std::vector<std::string> asked_;
  http_server::Server server_{{.threads = 4}};
};

std::shared_ptr<clickhouse::EndpointGroup> replicas_of(std::vector<std::string> urls) {
  return std::make_shared<clickhouse::EndpointGroup>(clickhouse::Endpoint{.url = {}, .password = {}, .query_timeout = milliseconds(5000)}, std::move(urls));
}

WriteOrder three_rows(bool fresh, size_t shard = 0) {
  columns::Block block({{"_offset", columns::simple(columns::Kind::kInt64)}});
  for (int64_t i = 0; i < 3; ++i) {
    block.column(0).append(i);
    block.end_row();
  }
  WriteOrder order{PlanId(Uuid{0x0190a5b31c007abc, 0x8def0123456789ab}), now_ms(), fresh, shard, {}};
  order.tables.push_back({"t", "topic", std::move(block)});
  return order;
}

struct ClickHouseSinks : testing::Test {
  SharedRows shared;
  Replica a{shared}, b{shared};
  metrics::Registry metrics;

  SinkState write(ClickHouseShards shards, WriteOrder order) {
    ClickHouseSink sink({std::move(shards), {}, 2}, metrics, [] {});
    sink.begin(std::move(order));
    for (int i = 0; i < 3000 && sink.state().kind == SinkState::Kind::kWriting; ++i) std::this_thread::sleep_for(milliseconds(5));
    return sink.state();
  }
};

TEST_F(ClickHouseSinks, AnInsertWhoseReplyWasLostIsThereOnceWhenAnotherReplicaTakesOver) {
  a.replies_to_lose = 1;
  EXPECT_EQ(write({replicas_of({a.url, b.url})}, three_rows(true)).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(shared.rows, 3u);
  EXPECT_THAT(a.asked(), ElementsAre("insert"));
  EXPECT_THAT(b.asked(), ElementsAre("time", "replicated?", "sync", "count of all")) << "it is counted before anything else, where all rows are known";
}

TEST_F(ClickHouseSinks, WhatDidNotLandIsInsertedAtTheNextReplicaUnderTheSameToken) {
  {
    Replica gone(shared);
    a.url = gone.url;
  }
  EXPECT_EQ(write({replicas_of({a.url, b.url})}, three_rows(true)).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(shared.rows, 3u);
  EXPECT_THAT(shared.tokens, ElementsAre("0190a5b3-1c00-7abc-8def-0123456789ab/t/0"));
}

TEST_F(ClickHouseSinks, ATableThatIsNotReplicatedIsNotSynced) {
  shared.replicated = false;
  EXPECT_EQ(write({replicas_of({a.url})}, three_rows(false)).kind, SinkState::Kind::kDurable);
  EXPECT_THAT(a.asked(), ElementsAre("time", "replicated?", "count", "insert", "replicated?", "count"));
}

TEST_F(ClickHouseSinks, APlanGoesToItsShardAndIsCountedThereAlone) {
  SharedRows other;
  Replica c(other);
  EXPECT_EQ(write({replicas_of({a.url, b.url}), replicas_of({c.url})}, three_rows(false, 1)).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(other.rows, 3u);
  EXPECT_THAT(a.asked(), IsEmpty());
  EXPECT_THAT(b.asked(), IsEmpty());
}

TEST_F(ClickHouseSinks, APlanOfAShardThatIsNoLongerListedStops) {
  const SinkState state = write({replicas_of({a.url})}, three_rows(false, 2));
  EXPECT_EQ(state.kind, SinkState::Kind::kStopped);
  EXPECT_THAT(state.reason, HasSubstr("go to shard 3, and clickhouse.shards lists 1"));
  EXPECT_THAT(a.asked(), IsEmpty());
}

TEST_F(ClickHouseSinks, TheLastOffsetIsThatOfAnyShard) {
  SharedRows other;
  Replica c(other);
  a.last_offset = 7, c.last_offset = 9;
  ClickHouseSink sink({{replicas_of({a.url}), replicas_of({c.url})}, {}, 1}, metrics, [] {});
  const auto last = sink.last_offset("t", "topic", PartitionId(0));
  ASSERT_TRUE(last && *last);
  EXPECT_EQ(**last, Offset(9));
}

TEST_F(ClickHouseSinks, TooManyPartsAreToldToTheLane) {
  a.too_many_parts = 2;
  const SinkState crowded = write({replicas_of({a.url})}, three_rows(true));
  EXPECT_EQ(crowded.kind, SinkState::Kind::kDurable);
  EXPECT_TRUE(crowded.crowded);
  EXPECT_EQ(shared.rows, 3u);
  shared.rows = 0, shared.tokens.clear();
  EXPECT_FALSE(write({replicas_of({a.url})}, three_rows(true)).crowded);
}

}  // namespace
}  // namespace millrace::pipeline
