#include "pipeline/sinks/billing/billing_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "services/billing/database_testing.h"
#include "services/billing/service.h"

namespace millrace::pipeline {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Kind = SinkState::Kind;

constexpr int64_t kNovember = 1'793'491'200'000;  // 2026-11-01T00:00:00Z

BillingOrder order_of(uint64_t id, int64_t begin, int64_t end, std::vector<BillingUsage> usage = {}) {
  return {
      PlanId(Uuid{3, id}), "shop", kNovember, {{"orders", TopicId(Uuid{1, 7}), PartitionId(0), {Offset(begin), Offset(end)}, end - begin}}, std::move(usage)};
}

// The real service in this process.
class BillingSinkTest : public testing::Test {
 protected:
  void serve(const std::string& listen = "127.0.0.1:0") {
    billing::ServiceSettings settings;
    settings.listen = listen;
    settings.ledger.database.url = database_.url();
    settings.ledger.now_ms = [] { return kNovember; };
    auto started = billing::Service::start(settings, metrics_);
    ASSERT_TRUE(started) << started.error().message;
    service_ = std::move(*started);
    address_ = "127.0.0.1:" + std::to_string(service_->port());
  }
  std::shared_ptr<BillingClient> client(uint32_t generation = 1) {
    return std::make_shared<BillingClient>(BillingClientSettings{.address = address_, .generation = generation, .deadline = 2s, .backoff = {20ms, 100ms}},
                                           metrics_);
  }
  static SinkState wait_for(const BillingSink& sink, Kind kind) {
    for (const auto until = std::chrono::steady_clock::now() + 10s; sink.state().kind != kind && std::chrono::steady_clock::now() < until;)
      std::this_thread::sleep_for(1ms);
    return sink.state();
  }

  billing::TestDatabase database_{billing::TestEngine::kSqlite};
  metrics::Registry metrics_;
  std::unique_ptr<billing::Service> service_;
  std::string address_;
};

TEST_F(BillingSinkTest, OrderIsDurableOnceTheLedgerHasItAndAgainWhenItComesAgain) {
  serve();
  BillingSink sink(client(), metrics_, [] {});
  EXPECT_EQ(sink.state().kind, Kind::kIdle);
  for (int i = 0; i < 2; ++i) {
    sink.begin(order_of(1, 100, 110, {{0, "acme", "turnover", "EUR", kNovember, 86'400'000, *parse_decimal("1.50")}}));
    EXPECT_EQ(wait_for(sink, Kind::kDurable).kind, Kind::kDurable);
  }
  const auto expected = sink.expected("shop", TopicId(Uuid{1, 7}), PartitionId(0));
  ASSERT_TRUE(expected) << expected.error().message;
  EXPECT_EQ(*expected, Offset(110));
  EXPECT_EQ(*sink.expected("shop", TopicId(Uuid{1, 7}), PartitionId(1)), std::nullopt);
}

TEST_F(BillingSinkTest, GapStopsItWithTheReason) {
  serve();
  BillingSink sink(client(), metrics_, [] {});
  sink.begin(order_of(1, 0, 10));
  wait_for(sink, Kind::kDurable);
  sink.begin(order_of(2, 11, 20));
  const SinkState state = wait_for(sink, Kind::kStopped);
  EXPECT_EQ(state.kind, Kind::kStopped);
  EXPECT_THAT(state.reason, HasSubstr("a gap: orders[0] [11, 20) should begin at 10"));
}

TEST_F(BillingSinkTest, ValueThatIsNoneAndAnotherGenerationStopItToo) {
  serve();
  BillingSink sink(client(), metrics_, [] {});
  sink.begin(order_of(1, 0, 10, {{0, "", "turnover", "EUR", kNovember, 86'400'000, {}}}));
  EXPECT_THAT(wait_for(sink, Kind::kStopped).reason, HasSubstr("usage[0]"));
  BillingSink other(client(2), metrics_, [] {});
  other.begin(order_of(1, 0, 10));
  EXPECT_THAT(wait_for(other, Kind::kStopped).reason, HasSubstr("generation 1"));
}

TEST_F(BillingSinkTest, OutageIsWaitedForAndToldAndEndsByItself) {
  serve();
  BillingSink sink(client(), metrics_, [] {});
  sink.begin(order_of(1, 0, 10));
  wait_for(sink, Kind::kDurable);
  service_.reset();
  sink.begin(order_of(2, 10, 20));
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(sink.state().kind, Kind::kWriting);
  EXPECT_THAT(sink.state().reason, HasSubstr("billing at 127.0.0.1"));
  EXPECT_THAT(metrics_.text(), HasSubstr("millrace_sink_waiting{sink=\"billing\"} 1"));
  serve(address_);
  EXPECT_EQ(wait_for(sink, Kind::kDurable).kind, Kind::kDurable);
  EXPECT_THAT(metrics_.text(), HasSubstr("millrace_sink_waiting{sink=\"billing\"} 0"));
}

TEST_F(BillingSinkTest, CancelledOrderIsForgottenAndTheNextOneGoesOut) {
  serve();
  BillingSink sink(client(), metrics_, [] {});
  service_.reset();
  sink.begin(order_of(1, 0, 10));
  std::this_thread::sleep_for(50ms);
  sink.cancel();
  EXPECT_EQ(sink.state().kind, Kind::kIdle);
  serve(address_);
  sink.begin(order_of(2, 500, 510));
  EXPECT_EQ(wait_for(sink, Kind::kDurable).kind, Kind::kDurable);
}

}  // namespace
}  // namespace millrace::pipeline
