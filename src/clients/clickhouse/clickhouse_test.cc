#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "clients/clickhouse/client.h"
#include "clients/clickhouse/rows.h"

namespace millrace::clickhouse {
namespace {

const PlanId kPlan{Uuid{0x0190a5b31c007abc, 0x8def0123456789ab}};

TEST(ClickhouseErrors, SayWhatToDo) {
  const Error error = error_of(60, 404, "Code: 60. DB::Exception: Table d.t does not exist. (UNKNOWN_TABLE)\nstack", "insert into t");
  EXPECT_EQ(error.retry, Retry::kPermanent);
  EXPECT_EQ(error.message, "insert into t: Code: 60. DB::Exception: Table d.t does not exist. (UNKNOWN_TABLE): make it with `millrace tables apply`");
  EXPECT_EQ(trouble_of(error), Trouble::kMissingTable);
}

TEST(ClickhouseErrors, TellWhatMayBeTriedAgain) {
  EXPECT_EQ(error_of(252, 500, "", "").retry, Retry::kTransient);
  EXPECT_EQ(error_of(159, 408, "", "").retry, Retry::kUnknown);
  EXPECT_EQ(error_of(516, 401, "", "").retry, Retry::kPermanent);
  EXPECT_EQ(error_of(201, 500, "", "").retry, Retry::kPermanent);
  EXPECT_EQ(error_of(1001, 500, "Code: 1001. std::exception: No space left on device", "").retry, Retry::kTransient);
  EXPECT_EQ(error_of(0, 502, "bad gateway", "").retry, Retry::kUnknown);
  EXPECT_EQ(error_of(0, 413, "too large", "").retry, Retry::kPermanent);
}

TEST(ClickhouseInsertId, NamesPlanTableTermAndAttempt) {
  const InsertId id{kPlan, "order_created", 3, 2};
  EXPECT_EQ(deduplication_token(id), "0190a5b3-1c00-7abc-8def-0123456789ab/order_created/3");
  EXPECT_EQ(query_id(id), "millrace/0190a5b3-1c00-7abc-8def-0123456789ab/order_created/3/2");
  EXPECT_TRUE(belongs_to(query_id(id), kPlan));
  EXPECT_FALSE(belongs_to(query_id(id), PlanId{Uuid{1, 2}}));
}

// Answers "1" to everything but inserts; takes those in whole and closes without an answer, as a server does that is killed.
class DyingServer {
 public:
  DyingServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    listen(listener_, 8);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { run(); });
  }
  ~DyingServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::atomic<int> inserts{0}, selects{0};

 private:
  void run() {
    for (int peer; (peer = accept(listener_, nullptr, nullptr)) >= 0; close(peer)) serve(peer);
  }
  void serve(int peer) {
    std::string seen;
    char piece[4096];
    for (ssize_t got; (got = recv(peer, piece, sizeof piece, 0)) > 0;) {
      seen.append(piece, static_cast<size_t>(got));
      if (!seen.ends_with("SELECT 1") && !seen.ends_with("BLOCK")) continue;
      if (seen.ends_with("BLOCK")) {
        ++inserts;
        return;
      }
      ++selects;
      seen.clear();
      const std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1\n";
      send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
  int listener_;
  uint16_t port_ = 0;
  std::jthread thread_;
};

TEST(ClickhouseClient, NeverSendsAnInsertTwiceByItself) {
  DyingServer server;
  Client client({.url = server.url(), .password = {}});
  ASSERT_TRUE(client.ping());  // leaves a connection that could be used again
  const std::vector<std::string> columns{"_plan"};
  const std::string_view block[] = {"BLO", "CK"};
  const auto ack = client.insert({{kPlan, "t", 0, 0}, columns, block, std::chrono::seconds(5), {}});
  ASSERT_FALSE(ack);
  EXPECT_EQ(ack.error().retry, Retry::kUnknown);
  EXPECT_EQ(server.inserts, 1);
}

TEST(ClickhouseRows, TabSeparatedIsUnescaped) {
  const auto rows = parse_tab_separated("a\\tb\t\\N\t\nx\\\\y\tz\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"a\tb", "\\N", ""}));
  EXPECT_EQ(rows[1], (std::vector<std::string>{"x\\y", "z"}));
}

TEST(ClickhouseRows, RowBinaryStopsAtTheEndOfAPiece) {
  const std::string bytes(
      "\x05\0\0\0\x02"
      "ab"
      "\x07\0",
      9);
  RowBinaryReader reader(bytes);
  EXPECT_EQ(reader.number<uint32_t>(), 5u);
  EXPECT_EQ(reader.string(), "ab");
  EXPECT_FALSE(reader.failed());
  const size_t mark = reader.mark();
  EXPECT_EQ(reader.number<uint32_t>(), 0u);
  EXPECT_TRUE(reader.failed());
  reader.rewind(mark);
  EXPECT_EQ(reader.rest().size(), 2u);
}

TEST(ClickhouseRows, PlanIsADecimalNumber) {
  EXPECT_EQ(uint128_literal({1, 0}), "toUInt128('18446744073709551616')");
  EXPECT_EQ(uint128_literal({~0ull, ~0ull}), "toUInt128('340282366920938463463374607431768211455')");
  EXPECT_EQ(quote_identifier("a`b\\c"), "`a\\`b\\\\c`");
}

}  // namespace
}  // namespace millrace::clickhouse
