// The client with several replicas, against servers that answer what a test tells them to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "clients/clickhouse/client.h"
#include "clients/http_server/server.h"

namespace millrace::clickhouse {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Knows what it was asked; answers "1", or an exception.
class ScriptedServer {
 public:
  struct Asked {
    std::string text, token, sequential, coding, body;
  };
  ScriptedServer() {
    server_.route("POST", "/", [this](http_server::Request& in, http_server::Response& out) {
      const std::lock_guard lock(mutex_);
      const std::string body = in.body().value_or("");
      const auto query = in.parameter("query");
      asked_.push_back({query.value_or(body), in.parameter("insert_deduplication_token").value_or(""),
                        in.parameter("select_sequential_consistency").value_or(""), in.header("Content-Encoding").value_or(""), query ? body : ""});
      if (exception_ == 0) return void(out.body = "1\n");
      out.status = 500, out.headers.emplace_back("X-ClickHouse-Exception-Code", std::to_string(exception_));
      out.body = "Code: " + std::to_string(exception_) + ". DB::Exception: so it is told";
    });
    EXPECT_TRUE(server_.start());
    url_ = "http://" + server_.address();
  }
  void stop() { server_.stop(); }
  void fail_with(int exception) {
    const std::lock_guard lock(mutex_);
    exception_ = exception;
  }
  std::vector<Asked> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  const std::string& url() const { return url_; }

 private:
  http_server::Server server_{{.threads = 4}};
  std::string url_;
  std::mutex mutex_;
  std::vector<Asked> asked_;
  int exception_ = 0;
};

const PlanId kSomePlan{Uuid{0x0190a5b31c007abc, 0x8def0123456789ab}};
const std::vector<std::string> kPlanColumn{"_plan"};
const std::string_view kPieces[] = {"BLO", "CK"};

struct Replicas : testing::Test {
  ScriptedServer a, b;
  std::shared_ptr<EndpointGroup> group(compression::ContentCoding coding = compression::ContentCoding::kNone) {
    return std::make_shared<EndpointGroup>(Endpoint{.url = {}, .password = {}, .query_timeout = 5s, .compression = coding}, std::vector{a.url(), b.url()});
  }
  static Result<InsertAck> insert(Client& client) { return client.insert({{kSomePlan, "t", 0, 0}, kPlanColumn, kPieces, 5s, {}}); }
};

TEST_F(Replicas, AFailedInsertIsNotSentToAnotherOneByItself) {
  Client client(group());
  a.stop();
  const auto ack = insert(client);
  ASSERT_FALSE(ack);
  EXPECT_THAT(ack.error().message, HasSubstr(a.url()));
  EXPECT_THAT(b.asked(), IsEmpty()) << "its outcome is unknown: the caller counts first";
  EXPECT_TRUE(client.ping());
  EXPECT_TRUE(insert(client));
  EXPECT_EQ(b.asked().size(), 2u);
}

TEST_F(Replicas, AllClientsOfAGroupKnowWhatOneHasLearned) {
  const auto replicas = group();
  Client first(replicas), second(replicas);
  a.stop();
  EXPECT_FALSE(first.ping());
  EXPECT_TRUE(second.ping());
}

TEST_F(Replicas, OneWithoutKeeperIsLeftAndOneThatRefusesAQueryIsNot) {
  Client client(group());
  a.fail_with(60);
  EXPECT_FALSE(client.ping());
  EXPECT_THAT(b.asked(), IsEmpty());
  a.fail_with(242);
  EXPECT_FALSE(client.ping());
  EXPECT_TRUE(client.ping());
  EXPECT_EQ(b.asked().size(), 1u);
}

TEST_F(Replicas, WhenNobodyAnswersARequestFailsAtOnceAndOneTriesAgain) {
  Client client(group());
  a.stop(), b.fail_with(999);
  EXPECT_FALSE(client.ping());
  EXPECT_FALSE(client.ping());
  const auto before = b.asked().size();
  const auto out = client.ping();
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().retry, Retry::kTransient);
  EXPECT_THAT(out.error().message, HasSubstr("none of them answers"));
  EXPECT_EQ(b.asked().size(), before);
  b.fail_with(0);
  bool back = false;
  for (int i = 0; i < 100 && !back; ++i) std::this_thread::sleep_for(20ms), back = client.ping().has_value();
  EXPECT_TRUE(back);
}

TEST_F(Replicas, InsertsUnderWayAreAskedOfEachOneAndOneThatIsGoneIsWaitedFor) {
  Client client(group());
  EXPECT_EQ(client.inserts_under_way(kSomePlan).value_or(0), 2u);
  b.stop();
  const auto unknown = client.inserts_under_way(kSomePlan);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().retry, Retry::kTransient);
  EXPECT_THAT(unknown.error().message, HasSubstr("may still be under way there"));
}

TEST_F(Replicas, TheCountOfAReplicatedTableIsOfAReplicaThatHasEverything) {
  Client client(group());
  EXPECT_EQ(client.replicated("t"), Replicated::kYes);
  EXPECT_TRUE(client.sync_replica("t"));
  EXPECT_EQ(client.count_of_plan("t", kSomePlan, Replicated::kYes).value_or(0), 1u);
  EXPECT_EQ(client.count_of_plan("t", kSomePlan).value_or(0), 1u);
  const auto asked = a.asked();
  ASSERT_EQ(asked.size(), 4u);
  EXPECT_EQ(asked[1].text, "SYSTEM SYNC REPLICA `default`.`t` LIGHTWEIGHT");
  EXPECT_EQ(asked[2].sequential, "1");
  EXPECT_EQ(asked[3].sequential, "");
}

TEST_F(Replicas, ChangesAreToldOnceEach) {
  std::vector<std::string> told;
  const auto replicas = std::make_shared<EndpointGroup>(Endpoint{.url = {}, .password = {}}, std::vector{a.url(), b.url()}, [&](const EndpointChange& change) {
    told.push_back((change.url == a.url() ? "a" : "b") + std::string(change.up ? " up" : " out") + (change.in_use ? ", in use" : ""));
  });
  Client client(replicas);
  EXPECT_TRUE(client.ping());
  a.stop();
  EXPECT_FALSE(client.ping());
  EXPECT_TRUE(client.ping());
  EXPECT_THAT(told, ElementsAre("a up, in use", "b up", "a out", "b up, in use"));
}

TEST_F(Replicas, AnInsertsTokenAndRowsAreTheSameWhateverTheCoding) {
  for (const auto coding : {compression::ContentCoding::kNone, compression::ContentCoding::kLz4, compression::ContentCoding::kZstd}) {
    Client client(group(coding));
    ASSERT_TRUE(insert(client));
    ASSERT_TRUE(insert(client)) << "the encoder is used again";
    const auto asked = a.asked();
    for (const auto& one : {asked.back(), asked[asked.size() - 2]}) {
      EXPECT_EQ(one.token, "0190a5b3-1c00-7abc-8def-0123456789ab/t/0");
      EXPECT_EQ(one.coding, coding == compression::ContentCoding::kNone ? "" : compression::name(coding));
      compression::Decoder decoder(coding);
      std::string_view piece;
      decoder.feed(one.body);
      ASSERT_EQ(decoder.next(piece), compression::Decoder::Step::kPiece);
      EXPECT_EQ(piece, "BLOCK");
    }
  }
}

}  // namespace
}  // namespace millrace::clickhouse
