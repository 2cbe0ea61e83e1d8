// `millrace catalog` as a process, against the real broker, registry and engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "clients/clickhouse/client.h"
#include "clients/http/client.h"
#include "integration/broker_fixture.h"
#include "integration/clickhouse_fixture.h"
#include "integration/service_fixture.h"
#include "tables/existing.h"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

BrokerFixture& broker() { return BrokerFixture::shared(); }

struct Reply {
  int status = 0;  // 0: no answer
  std::string body, etag;
  json parsed() const { return json::parse(body, nullptr, false); }
};

Reply call(const std::string& method, const std::string& url, const std::string& body = {}, const http::Headers& headers = {}) {
  http::Client client;
  http::Request request;
  request.method = method, request.url = url, request.body = body, request.headers = headers, request.deadline = 60s;
  const auto response = client.send(request);
  if (!response) return {};
  const std::string* etag = response->header("etag");
  return {response->status, response->body, etag ? *etag : ""};
}

constexpr const char* kOrder = R"({"type":"record","name":"Order","fields":[
  {"name":"id","type":"string"},{"name":"plan","type":"string"},
  {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}}]})";

ServiceFixture& registry() {
  static ServiceFixture one({"registry", "--brokers", broker().address(), "--topic", broker().unique("schemas")});
  static const bool registered = [] {
    const auto reply = call("POST", one.url() + "/subjects/order.created-value/versions", json({{"schema", kOrder}}).dump());
    MILLRACE_CHECK(reply.status == 200, std::to_string(reply.status) + reply.body + one.log());
    return true;
  }();
  (void)registered;
  return one;
}

struct Catalog : ServiceFixture {
  explicit Catalog(const std::string& topic, std::vector<std::string> options = {"--no-tables"})
      : ServiceFixture([&] {
          std::vector<std::string> all = {"catalog", "--brokers", broker().address(), "--registry", registry().url(), "--topic", topic};
          all.insert(all.end(), options.begin(), options.end());
          return all;
        }()) {}
  Reply get(const std::string& path) const { return call("GET", url() + path); }
  Reply put(const std::string& path, const std::string& body, const http::Headers& headers = {}) const { return call("PUT", url() + path, body, headers); }
  uint64_t version() const { return get("/v1/catalog").parsed()["version"]; }
  // All that its readers can ask for.
  std::string everything() const {
    std::string all = get("/v1/catalog").body + get("/v1/catalog/versions?limit=1000").body + get("/v1/tenants").body + get("/v1/tables").body;
    for (const auto& tenant : get("/v1/tenants").parsed()) all += get("/v1/tenants/" + tenant["tenant"].get<std::string>() + "/rules").body;
    for (const auto& table : get("/v1/tables").parsed()) all += get("/v1/tables/" + table["table"].get<std::string>()).body;
    return all;
  }
};

std::string rules(const std::string& tenant, const std::string& condition) {
  return "tenant: " + tenant + "\ntopics:\n  order.created:\n    drop:\n      - {name: some, when: '" + condition + "'}\n";
}
std::string deriving(const std::string& tenant, const std::string& field, const std::string& value) {
  return "tenant: " + tenant + "\ntopics:\n  order.created:\n    set: {" + field + ": '" + value + "'}\n";
}

TEST(Catalog, OfTwoThatWriteOnTheSameBasisExactlyOneWins) {
  constexpr int kRounds = 15;
  const auto topic = broker().unique("catalog");
  Catalog a(topic), b(topic);
  ASSERT_EQ(a.put("/v1/tenants/acme/rules", rules("acme", "amount > 0")).status, 200);
  for (int round = 1; round <= kRounds; ++round) {
    Reply basis;
    // The other's write is seen soon, not at once.
    for (const auto until = Clock::now() + 10s; Clock::now() < until; std::this_thread::sleep_for(5ms))
      if (a.version() == static_cast<uint64_t>(round) && b.version() == static_cast<uint64_t>(round)) break;
    basis = a.get("/v1/tenants/acme/rules");
    ASSERT_NE(basis.etag, "");
    Reply replies[2];
    std::thread threads[2];
    for (int who = 0; who < 2; ++who)
      threads[who] = std::thread([&, who] {
        replies[who] = (who ? b : a)
                           .put("/v1/tenants/acme/rules?author=" + std::to_string(who), rules("acme", "amount > " + std::to_string(round * 2 + who)),
                                {{"If-Match", basis.etag}});
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ((replies[0].status == 200) + (replies[1].status == 200), 1) << replies[0].body << replies[1].body;
    EXPECT_EQ((replies[0].status == 412) + (replies[1].status == 412), 1) << replies[0].body << replies[1].body;
    const Reply& lost = replies[replies[0].status == 200];
    EXPECT_THAT(lost.body, HasSubstr("what is there now is"));
  }
  for (const auto until = Clock::now() + 10s; a.everything() != b.everything() && Clock::now() < until;) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(a.everything(), b.everything());
  EXPECT_EQ(a.version(), static_cast<uint64_t>(kRounds + 1)) << "who lost left no version";
}

TEST(Catalog, AnswersTheSameAfterARestartAndEndsWithinTwoSeconds) {
  Catalog catalog(broker().unique("catalog"));
  ASSERT_EQ(catalog.put("/v1/tables/plans", "id,price\nbasic,10.00\n").status, 200);
  ASSERT_EQ(catalog.put("/v1/tenants/_default/rules", rules("\"*\"", "amount > 5")).status, 200);
  ASSERT_EQ(catalog.put("/v1/tenants/acme/rules", deriving("acme", "price", "lookup(\"plans\", plan).price")).status, 200);
  const auto before = catalog.everything();
  const auto hash = catalog.get("/v1/catalog").parsed()["hash"];
  const auto begin = Clock::now();
  const int status = catalog.end(SIGTERM);
  EXPECT_LT(Clock::now() - begin, 2s);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  catalog.start();
  EXPECT_EQ(catalog.everything(), before);
  ASSERT_EQ(catalog.put("/v1/tenants/acme/rules", rules("acme", "amount > 5")).status, 200);
  EXPECT_NE(catalog.get("/v1/catalog").parsed()["hash"], hash);
  ASSERT_EQ(call("POST", catalog.url() + "/v1/tenants/acme/rules/rollback?to=3").status, 200);
  EXPECT_EQ(catalog.get("/v1/catalog").parsed()["hash"], hash) << "former contents, former hash";
  EXPECT_EQ(catalog.version(), 5u);
}

std::string large_table(int seed) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::string rows = "id,price,name\n";
  for (int i = 0; i < 100'000; ++i) {
    rows += std::to_string(100'000 + i) + "," + std::to_string(random() % 1000) + ".50,";
    while (rows.size() < static_cast<size_t>(i + 1) * 150) rows += static_cast<char>('a' + random() % 26);
    rows += '\n';
  }
  return rows;
}

TEST(Catalog, KilledInTheMiddleOfALargeTableHasTheOldOneOrTheNewOneWhole) {
  const auto topic = broker().unique("catalog");
  Catalog catalog(topic);
  std::string now = large_table(0);
  ASSERT_EQ(catalog.put("/v1/tables/plans", now).status, 200);
  ASSERT_EQ(catalog.get("/v1/tables/plans").body, now);
  int cut_short = 0;
  for (int round = 1; round <= 4; ++round) {
    const std::string next = large_table(round);
    Reply reply;
    std::thread upload([&] { reply = catalog.put("/v1/tables/plans", next); });
    std::this_thread::sleep_for(std::chrono::milliseconds(350 * round));
    catalog.end(SIGKILL);
    upload.join();
    catalog.start();
    const std::string there = catalog.get("/v1/tables/plans").body;
    EXPECT_TRUE(there == next || (there == now && reply.status != 200)) << reply.status;
    EXPECT_EQ(catalog.get("/v1/catalog").parsed()["problems"], json::array());
    cut_short += reply.status != 200;
    const auto again = catalog.put("/v1/tables/plans", next);
    ASSERT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(catalog.get("/v1/tables/plans").body, next);
    now = next;
  }
  EXPECT_GT(cut_short, 0) << "it was never killed in the middle: this test shows nothing";
  EXPECT_EQ(Catalog(topic).get("/v1/tables/plans").body, now);
}

TEST(Catalog, TablesAreReadyBeforeAVersionIsWritten) {
  ClickhouseFixture engine;
  clickhouse::Client client({.url = engine.url(), .password = {}});
  tables::TableDefinition definition{.database = "default", .table = "order_created", .events = {{"id", columns::simple(columns::Kind::kString)}}};
  const std::vector<std::string> options = {"--clickhouse", engine.url()};
  Catalog catalog(broker().unique("catalog"), options);

  const auto none = catalog.put("/v1/tenants/acme/rules", deriving("acme", "gross", "amount * 2"));
  EXPECT_EQ(none.status, 422);
  EXPECT_THAT(none.body, HasSubstr("`millrace tables apply` makes it"));
  ASSERT_TRUE(client.execute(tables::create_statement(definition)));

  const auto columns = [&] {
    return client.select("SELECT name, type FROM system.columns WHERE table = 'order_created' AND name LIKE 'gross%' ORDER BY name", "TabSeparated")
        .value_or("?");
  };
  EXPECT_EQ(catalog.put("/v1/tenants/acme/rules?dry_run=true", deriving("acme", "gross", "amount * 2")).status, 200);
  EXPECT_EQ(columns(), "");
  const auto made = catalog.put("/v1/tenants/acme/rules", deriving("acme", "gross", "amount * 2"));
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(columns(), "gross\tNullable(Decimal(11, 2))\n") << made.body;

  ASSERT_TRUE(client.execute("ALTER TABLE default.order_created ADD COLUMN gross2 Int8"));
  EXPECT_EQ(catalog.put("/v1/tenants/globex/rules?dry_run=true", deriving("globex", "gross2", "amount * 2")).status, 422);
  const auto collides = catalog.put("/v1/tenants/globex/rules", deriving("globex", "gross2", "amount * 2"));
  EXPECT_EQ(collides.status, 422);
  EXPECT_THAT(collides.body, HasSubstr("has a column gross2 of type Int8"));

  engine.stop();
  const auto down = catalog.put("/v1/tenants/globex/rules", deriving("globex", "gross3", "amount * 2"));
  EXPECT_EQ(down.status, 503);
  EXPECT_THAT(down.body, HasSubstr("nothing was written, because ClickHouse's tables couldn't be made ready"));
  EXPECT_EQ(catalog.version(), 1u);
  EXPECT_EQ(catalog.put("/v1/tenants/globex/rules", rules("globex", "amount > 0")).status, 200) << "what derives nothing needs no ClickHouse";
}

TEST(Catalog, WithoutTheBrokerReadsGoOnAndWritesAnswerAnError) {
  BrokerFixture own;
  ServiceFixture catalog({"catalog", "--brokers", own.address(), "--registry", registry().url(), "--no-tables"});
  ASSERT_EQ(call("PUT", catalog.url() + "/v1/tables/plans", "id\na\n").status, 200);
  own.stop();
  EXPECT_EQ(call("GET", catalog.url() + "/v1/tables/plans").body, "id\na\n");
  EXPECT_EQ(call("PUT", catalog.url() + "/v1/tables/plans", "id\na\n").status, 200) << "what is there already needs no broker";
  const auto refused = call("PUT", catalog.url() + "/v1/tables/plans", "id\nb\n");
  EXPECT_EQ(refused.status, 503) << refused.body;
  own.start();
  Reply again;
  for (const auto until = Clock::now() + 60s; again.status != 200 && Clock::now() < until;) again = call("PUT", catalog.url() + "/v1/tables/plans", "id\nb\n");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(call("GET", catalog.url() + "/v1/tables/plans").body, "id\nb\n");
}

TEST(Catalog, WithoutTheRegistryRulesArentTakenAndTablesAre) {
  ServiceFixture catalog(
      {"catalog", "--brokers", broker().address(), "--registry", "http://127.0.0.1:1", "--topic", broker().unique("catalog"), "--no-tables"});
  const auto refused = call("PUT", catalog.url() + "/v1/tenants/acme/rules", rules("acme", "amount > 0"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("the schemas aren't known"));
  EXPECT_EQ(call("PUT", catalog.url() + "/v1/tables/plans", "id\na\n").status, 200);
}

TEST(Catalog, OldVersionsAreGivenUpAndTheNewestStays) {
  Catalog catalog(broker().unique("catalog"), {"--no-tables", "--keep-days", "-1", "--tidy-seconds", "0.2"});
  for (int i = 0; i < 5; ++i) ASSERT_EQ(catalog.put("/v1/tenants/acme/rules", rules("acme", "amount > " + std::to_string(i))).status, 200);
  const auto versions = [&] { return catalog.get("/v1/tenants/acme/rules/versions").parsed().size(); };
  for (const auto until = Clock::now() + 20s; versions() > 1 && Clock::now() < until;) std::this_thread::sleep_for(50ms);
  EXPECT_EQ(versions(), 1u);
  EXPECT_EQ(catalog.get("/v1/catalog").parsed()["oldest_version"], 5);
  EXPECT_EQ(catalog.get("/v1/tenants/acme/rules").body, rules("acme", "amount > 4"));
  EXPECT_EQ(catalog.get("/v1/tenants/acme/rules/versions/2").status, 404);
  const auto before = catalog.everything();
  catalog.end(SIGKILL);
  catalog.start();
  EXPECT_EQ(catalog.everything(), before);
}

}  // namespace
}  // namespace millrace::test
