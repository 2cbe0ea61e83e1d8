// `millrace billing` as a process, over gRPC: what clients do to it, killed in the midst of it, against a model that adds up in plain integers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <millrace/billing/v1/billing.grpc.pb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "clients/grpc/channel.h"
#include "clients/http/client.h"
#include "integration/service_fixture.h"
#include "pipeline/sinks/billing/billing_client.h"
#include "services/billing/database_testing.h"
#include "services/billing/month.h"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using billing::TestDatabase;
using billing::TestEngine;
using pipeline::BillingClient;
using pipeline::BillingOrder;
using testing::HasSubstr;
namespace v1 = billing::v1;

constexpr int64_t kDayMs = 86'400'000, kSeptember = 1'788'220'800'000;  // 2026-09-01T00:00:00Z

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  MILLRACE_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0,
                 "no port");
  ::close(fd);
  return ntohs(address.sin_port);
}

// What a lane sends in its life, in order.
using Life = std::vector<BillingOrder>;
// (tenant, meter, window) -> hundredths.
using Figures = std::map<std::tuple<std::string, std::string, int64_t>, int64_t>;

// Three partitions a lane, each plan some of them, ranges that touch; values of -10.00 to 99.99 in one to four tenants, over September to November.
Life random_life(uint32_t lane, size_t plans, std::mt19937_64& random, Figures& figures) {
  const auto below = [&](uint64_t bound) { return static_cast<int64_t>(random() % bound); };
  Life life;
  std::array<int64_t, 3> next{below(100), below(100), below(100)};
  for (uint64_t n = 0; n < plans; ++n) {
    BillingOrder order{PlanId(make_uuid_v7(kSeptember + static_cast<int64_t>(n), random(), random())), "shop", kSeptember + 75 * kDayMs, {}, {}};
    for (int32_t p = 0; p < 3; ++p) {
      if (n > 0 && below(3) == 0) continue;  // the first plan has all, so that what comes too early is a gap
      const int64_t end = next[static_cast<size_t>(p)] + 1 + below(50);
      order.ranges.push_back(
          {"orders", TopicId(Uuid{9, 9}), PartitionId(static_cast<int32_t>(lane) * 3 + p), {Offset(next[static_cast<size_t>(p)]), Offset(end)}, 1});
      next[static_cast<size_t>(p)] = end;
      for (int64_t u = below(5); u > 0; --u) {
        const std::string tenant = "tenant" + std::to_string(below(4)), meter = below(2) == 0 ? "turnover" : "refunds";
        const int64_t window = kSeptember + below(90) * kDayMs, hundredths = below(11'000) - 1'000;
        order.usage.push_back({static_cast<uint32_t>(order.ranges.size() - 1), tenant, meter, "EUR", window, kDayMs, Decimal{hundredths, 2}});
        figures[{tenant, meter, window}] += hundredths;
      }
    }
    if (order.ranges.empty()) continue;
    life.push_back(std::move(order));
  }
  return life;
}

class BillingOn : public testing::TestWithParam<TestEngine> {};
INSTANTIATE_TEST_SUITE_P(Engines, BillingOn, testing::Values(TestEngine::kSqlite, TestEngine::kPostgres),
                         [](const auto& engine) { return engine.param == TestEngine::kSqlite ? "Sqlite" : "Postgres"; });

TEST_P(BillingOn, TotalsAreExactThoughPlansRepeatReorderRaceAndTheServiceIsKilled) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr uint32_t kLanes = 6;
  TestDatabase database(GetParam());
  Figures figures;
  std::vector<Life> lives;
  for (uint32_t lane = 0; lane < kLanes; ++lane) lives.push_back(random_life(lane, 120, random, figures));
  std::array<std::atomic<size_t>, kLanes> acknowledged{};
  const std::string listen = "127.0.0.1:" + std::to_string(free_port());
  ServiceFixture service({"billing", "--database", database.url(), "--listen", listen});
  metrics::Registry metrics;
  std::atomic<bool> done = false, unexpected_yes = false;
  std::atomic<size_t> refusals = 0, failures = 0;

  std::vector<std::jthread> lanes, disturbers;
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    lanes.emplace_back([&, lane] {
      BillingClient client({.address = listen, .deadline = 5s, .backoff = {}}, metrics);
      for (size_t n = 0; n < lives[lane].size();) {
        const auto sent = client.apply(lives[lane][n]);
        if (!sent) {
          ++failures;
          std::this_thread::sleep_for(2ms);
        } else if (*sent) {
          ADD_FAILURE() << "lane " << lane << " plan " << n << ": " << **sent;
          return;
        } else {
          acknowledged[lane] = ++n;
        }
      }
    });
  // Zombies: whatever plan, whenever: known, or the one that is due, or too early.
  for (uint64_t z = 0; z < 3; ++z)
    disturbers.emplace_back([&, z] {
      std::mt19937_64 mine(seed + z + 1);
      BillingClient client({.address = listen, .deadline = 5s, .backoff = {}}, metrics);
      while (!done) {
        const size_t lane = mine() % kLanes, before = acknowledged[lane];
        // Before the first plan is in there is no mark that would hold a later one back.
        const size_t n = before == 0 ? 0 : std::min(mine() % (before + 4), lives[lane].size() - 1);
        const auto sent = client.apply(lives[lane][n]);
        if (sent && *sent) ++refusals;
        if (sent && *sent && n < before) unexpected_yes = true;  // a known plan is never refused
        if (!sent) std::this_thread::sleep_for(2ms);
      }
    });
  std::jthread closer([&] {
    const auto stub = v1::Billing::NewStub(rpc::connect(listen));
    for (bool closed = false; !closed && !done; std::this_thread::sleep_for(20ms)) {
      if (acknowledged[0] < 40) continue;
      ::grpc::ClientContext context;
      v1::CloseMonthRequest request;
      request.set_month("2026-09");
      v1::CloseMonthResponse response;
      closed = stub->CloseMonth(&context, request, &response).ok();
    }
  });
  const auto all_acknowledged = [&] {
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      if (acknowledged[lane] < lives[lane].size()) return false;
    return true;
  };
  int kills = 0;
  for (const auto until = std::chrono::steady_clock::now() + 30s;
       kills < 20 && !all_acknowledged() && !HasFailure() && std::chrono::steady_clock::now() < until;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30 + random() % 150));
    service.end(SIGKILL);
    service.start();
    ++kills;
  }
  lanes.clear();
  done = true;
  disturbers.clear();
  closer.join();
  EXPECT_TRUE(all_acknowledged());
  EXPECT_FALSE(unexpected_yes);
  EXPECT_GT(kills, 1);
  EXPECT_GT(refusals, 0U);
  RecordProperty("kills", kills);
  RecordProperty("refusals", static_cast<int>(refusals));
  RecordProperty("failed_calls", static_cast<int>(failures));

  const auto stub = v1::Billing::NewStub(rpc::connect(listen));
  Figures found, adjusted;
  for (int t = 0; t < 4; ++t) {
    ::grpc::ClientContext context;
    v1::UsageRequest request;
    request.set_tenant("tenant" + std::to_string(t));
    request.set_to_ms(billing::kLatestMs);
    const auto reader = stub->Usage(&context, request);
    for (v1::UsageRow row; reader->Read(&row);) {
      const auto hundredths = [](const std::string& text) {
        const auto value = parse_decimal(text);
        return static_cast<int64_t>(value->unscaled) * (value->scale == 2 ? 1 : 100);
      };
      found[{row.tenant(), row.meter(), row.window_start_ms()}] = hundredths(row.value()) + hundredths(row.adjustments());
      if (hundredths(row.adjustments()) != 0) adjusted[{row.tenant(), row.meter(), row.window_start_ms()}] = 1;
    }
    EXPECT_TRUE(reader->Finish().ok());
  }
  EXPECT_EQ(found, figures);
  EXPECT_FALSE(adjusted.empty()) << "some came after September was closed";
  ::grpc::ClientContext context;
  v1::WatermarksResponse marks;
  ASSERT_TRUE(stub->Watermarks(&context, {}, &marks).ok());
  EXPECT_EQ(marks.watermarks_size(), static_cast<int>(kLanes) * 3);
  for (const auto& mark : marks.watermarks()) {
    int64_t end = -1;
    for (const auto& order : lives[static_cast<size_t>(mark.partition()) / 3])
      for (const auto& range : order.ranges)
        if (range.partition.value == mark.partition()) end = range.offsets.end.value;
    EXPECT_EQ(mark.expected(), end);
  }
}

TEST(BillingProcess, TerminatedItStopsCleanlyAndItsFiguresStay) {
  TestDatabase database(TestEngine::kSqlite);
  ServiceFixture service({"billing", "--database", database.url(), "--listen", "127.0.0.1:0"});
  metrics::Registry metrics;
  BillingOrder order{PlanId(Uuid{1, 1}), "shop", kSeptember, {{"orders", TopicId(Uuid{9, 9}), PartitionId(0), {Offset(0), Offset(5)}, 5}}, {}};
  EXPECT_EQ(*BillingClient({.address = service.url().substr(7), .deadline = 10s, .backoff = {}}, metrics).apply(order), std::nullopt);
  const int status = service.end(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << service.log();
  service.start();
  EXPECT_EQ(*BillingClient({.address = service.url().substr(7), .deadline = 10s, .backoff = {}}, metrics).expected("shop", TopicId(Uuid{9, 9}), PartitionId(0)),
            Offset(5));
}

TEST(BillingProcess, SecondOneOnTheSamePortIsRefused) {
  TestDatabase database(TestEngine::kSqlite);
  ServiceFixture service({"billing", "--database", database.url(), "--listen", "127.0.0.1:0"});
  const std::string command = std::string(MILLRACE_BINARY) + " billing --database " + database.url() + "2 --listen " + service.url().substr(7) +
                              " 2>&1 | grep -q \"can't be listened on\"";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(BillingProcess, RefusalsAndHealthAreSeenFromOutside) {
  TestDatabase database(TestEngine::kSqlite);
  const int port = free_port();
  ServiceFixture service({"billing", "--database", database.url(), "--listen", "127.0.0.1:0", "--metrics-port", std::to_string(port)});
  metrics::Registry metrics;
  BillingClient client({.address = service.url().substr(7), .deadline = 10s, .backoff = {}}, metrics);
  const auto order = [](uint64_t id, int64_t begin, int64_t end) {
    return BillingOrder{PlanId(Uuid{1, id}), "shop", kSeptember, {{"orders", TopicId(Uuid{9, 9}), PartitionId(0), {Offset(begin), Offset(end)}, 5}}, {}};
  };
  EXPECT_EQ(*client.apply(order(1, 0, 5)), std::nullopt);
  EXPECT_THAT((*client.apply(order(2, 7, 9))).value_or(""), HasSubstr("a gap"));
  http::Client scraper;
  const std::string base = "http://127.0.0.1:" + std::to_string(port);
  const auto scraped = scraper.send({.url = base + "/metrics"});
  ASSERT_TRUE(scraped) << scraped.error().message;
  EXPECT_THAT(scraped->body, HasSubstr("millrace_billing_plans_total{outcome=\"gap\"} 1"));
  EXPECT_EQ(scraper.send({.url = base + "/healthz"})->status, 200);
  EXPECT_THAT(service.log(), HasSubstr("ALARM plan"));
}

}  // namespace
}  // namespace millrace::test
