// The client and clickhouse-embedded against the real engine: what DESIGN.md section 3 builds on, and how the front behaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "clients/clickhouse/client.h"
#include "clients/clickhouse/rows.h"
#include "clients/compression/content_coding.h"
#include "integration/clickhouse_fixture.h"

namespace millrace::test {
namespace {

using namespace clickhouse;
using namespace std::chrono_literals;
using testing::HasSubstr;

const PlanId kPlan{Uuid{0x0190a5b31c007abc, 0x8def0123456789ab}};
const std::vector<std::string> kColumns{"_plan", "_offset", "_deadline"};

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void put_text(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size());
  out += text;
}

// One Native block, written here by the format's description and not by our columns (docs: interfaces/formats#native).
std::string block(PlanId plan, uint64_t rows, int64_t deadline_s) {
  std::string out;
  out += '\3';
  for (uint64_t n = rows;; n >>= 7) {
    out += static_cast<char>((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
    if (n <= 0x7f) break;
  }
  put_text(out, "_plan"), put_text(out, "UInt128");
  for (uint64_t i = 0; i < rows; ++i) put(out, plan.value.low), put(out, plan.value.high);
  put_text(out, "_offset"), put_text(out, "Int64");
  for (uint64_t i = 0; i < rows; ++i) put(out, static_cast<int64_t>(i));
  put_text(out, "_deadline"), put_text(out, "DateTime");
  for (uint64_t i = 0; i < rows; ++i) put(out, static_cast<uint32_t>(deadline_s));
  return out;
}

int64_t now_s() { return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// In two pieces: what is sent is their sequence.
Result<InsertAck> insert_into(Client& client, const InsertId& id, const std::vector<std::string>& columns, std::string_view bytes) {
  const std::string_view pieces[] = {bytes.substr(0, bytes.size() / 3), bytes.substr(bytes.size() / 3)};
  return client.insert({id, columns, pieces, 10s, {}});
}

class Clickhouse : public testing::Test {
 protected:
  explicit Clickhouse(ClickhouseFixture::Options options = {}) : server(options), client(endpoint()) {
    const auto made = client.execute(R"(CREATE TABLE t (_plan UInt128, _offset Int64, _deadline DateTime EPHEMERAL,
        _landed_at DateTime DEFAULT if(throwIf(nowInBlock() > _deadline, 'past the term') = 0, nowInBlock(), nowInBlock()),
        INDEX plan _plan TYPE minmax GRANULARITY 1)
        ENGINE = MergeTree ORDER BY _offset SETTINGS non_replicated_deduplication_window = 1000)");
    EXPECT_TRUE(made) << made.error().message;
  }
  Endpoint endpoint() const { return {.url = server.url(), .password = {}, .query_timeout = 20000ms}; }
  Result<InsertAck> insert(const std::string& bytes, uint32_t term = 0, uint32_t attempt = 0) {
    return insert_into(client, {kPlan, "t", term, attempt}, kColumns, bytes);
  }
  uint64_t count() {
    const auto n = client.count_of_plan("t", kPlan);
    EXPECT_TRUE(n) << n.error().message;
    return n.value_or(~0ull);
  }
  std::string raw_head(const std::string& query_id, const std::string& framing) const {
    return "POST /?query_id=" + query_id +
           "&min_insert_block_size_rows=4000000000&min_insert_block_size_bytes=0"
           "&query=INSERT+INTO+t+(_plan,_offset,_deadline)+FORMAT+Native HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
           framing + "\r\n\r\n";
  }
  ClickhouseFixture server;
  Client client;
};

TEST_F(Clickhouse, SamePlanAndTermLandsOnce) {
  const std::string bytes = block(kPlan, 1000, now_s() + 60);
  const auto first = insert(bytes), second = insert(bytes, 0, 1);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(first->written_rows, 1000u);
  EXPECT_EQ(count(), 1000u);
  ASSERT_TRUE(insert(bytes, 1, 2));  // another term is another token: the count is what guards it
  EXPECT_EQ(count(), 2000u);
}

TEST_F(Clickhouse, PastDeadlineIsRefusedAndDoesNotUseUpTheToken) {
  const auto late = insert(block(kPlan, 10, now_s() - 5));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, 395);
  EXPECT_EQ(trouble_of(late.error()), Trouble::kPastDeadline);
  EXPECT_EQ(count(), 0u);
  ASSERT_TRUE(insert(block(kPlan, 10, now_s() + 60), 0, 1));
  EXPECT_EQ(count(), 10u);
}

TEST_F(Clickhouse, ABigBlockBecomesOnePart) {
  ASSERT_TRUE(insert(block(kPlan, 3'000'000, now_s() + 60)));
  EXPECT_EQ(count(), 3'000'000u);
  EXPECT_EQ(client.select("SELECT count() FROM system.parts WHERE table = 't' AND level = 0 AND active", "TabSeparated").value(), "1\n");
}

TEST_F(Clickhouse, ABodyCutShortInsertsNothing) {
  const std::string bytes = block(kPlan, 50'000, now_s() + 60);
  for (const size_t size : {size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    RawConnection raw(server.port());
    raw.send(raw_head("cut" + std::to_string(size), "Content-Length: " + std::to_string(bytes.size())) + bytes.substr(0, size));
    raw.end_sending();
    EXPECT_THAT(raw.read_to_end(), HasSubstr("X-ClickHouse-Exception-Code: 33"));
  }
  EXPECT_EQ(count(), 0u);
}

TEST_F(Clickhouse, RowsAreTheSameInEveryCoding) {
  for (const auto coding : {compression::ContentCoding::kNone, compression::ContentCoding::kLz4, compression::ContentCoding::kZstd}) {
    Endpoint coded = endpoint();
    coded.compression = coding;
    Client inserting(coded);
    const auto term = static_cast<uint32_t>(coding);
    ASSERT_TRUE(insert_into(inserting, {kPlan, "t", term, 0}, kColumns, block(kPlan, 50'000, now_s() + 60))) << compression::name(coding);
    ASSERT_TRUE(insert_into(client, {kPlan, "t", term, 1}, kColumns, block(kPlan, 50'000, now_s() + 60))) << "plain, under the same token";
    EXPECT_EQ(client.select("SELECT count(), sum(_offset), uniqExact(_offset) FROM t", "TabSeparated").value(), "50000\t1249975000\t50000\n")
        << compression::name(coding);
    ASSERT_TRUE(client.execute("TRUNCATE TABLE t"));
  }
}

TEST_F(Clickhouse, ABodyWhoseCodingIsCutShortOrDamagedInsertsNothingThoughItsLengthIsRight) {
  const std::string bytes = block(kPlan, 5'000, now_s() + 60);
  for (const auto coding :
       {compression::ContentCoding::kLz4, compression::ContentCoding::kZstd, compression::ContentCoding::kGzip, compression::ContentCoding::kDeflate}) {
    std::string coded;
    compression::Encoder encoder(coding);
    encoder.append(bytes, coded), encoder.finish(coded);
    std::string damaged = coded;
    damaged[coded.size() / 2] = static_cast<char>(damaged[coded.size() / 2] ^ 1);
    int number = 0;
    for (const std::string& body : {coded.substr(0, coded.size() / 2), coded.substr(0, coded.size() - 1), damaged}) {
      RawConnection raw(server.port());
      raw.send(raw_head(std::string(compression::name(coding)) + std::to_string(number++),
                        "Content-Encoding: " + std::string(compression::name(coding)) + "\r\nContent-Length: " + std::to_string(body.size())) +
               body);
      const std::string answer = raw.read_to_end();
      EXPECT_THAT(answer, HasSubstr("X-ClickHouse-Exception-Code: ")) << compression::name(coding) << " " << number;
      if (body.size() < coded.size()) {
        EXPECT_THAT(answer, HasSubstr("X-ClickHouse-Exception-Code: 33")) << "of a damaged one the engine may be the first to complain";
      }
    }
    EXPECT_EQ(count(), 0u) << compression::name(coding);
  }
}

TEST_F(Clickhouse, AnswersAreCodedAsAsked) {
  for (const std::string coding : {"zstd", "lz4", "gzip", "deflate"}) {
    for (const std::string query : {"SELECT+number+FROM+numbers(100000)+FORMAT+TSV", "SELECT+number+FROM+numbers(100000)+FORMAT+TSV&wait_end_of_query=1"}) {
      RawConnection raw(server.port());
      raw.send("GET /?enable_http_compression=1&query=" + query + " HTTP/1.0\r\nHost: x\r\nAccept-Encoding: br, " + coding + "\r\n\r\n");
      const std::string answer = raw.read_to_end();
      EXPECT_THAT(answer, HasSubstr("Content-Encoding: " + coding));
      EXPECT_LT(answer.size(), 500'000u);  // 588,890 plain
    }
  }
  RawConnection raw(server.port());
  raw.send("GET /?query=SELECT+1 HTTP/1.0\r\nHost: x\r\nAccept-Encoding: zstd\r\n\r\n");
  EXPECT_THAT(raw.read_to_end(), testing::Not(HasSubstr("Content-Encoding"))) << "only where it is enabled, as the server does";
}

TEST_F(Clickhouse, AChunkedBodyCountsOnlyWithItsLastChunk) {
  const std::string bytes = block(kPlan, 3, now_s() + 60);
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  {
    RawConnection raw(server.port());  // all the data is there, the last chunk is not
    raw.send(raw_head("chunked1", "Transfer-Encoding: chunked") + size + bytes + "\r\n");
    raw.end_sending();
    EXPECT_THAT(raw.read_to_end(), HasSubstr("X-ClickHouse-Exception-Code: 33"));
  }
  EXPECT_EQ(count(), 0u);
  RawConnection raw(server.port());
  raw.send(raw_head("chunked2", "Transfer-Encoding: chunked") + size + bytes + "\r\n0\r\n\r\n");
  EXPECT_THAT(raw.read_to_end(), HasSubstr("200 OK"));
  EXPECT_EQ(count(), 3u);
}

TEST_F(Clickhouse, ABodyThatStallsPastItsTermIsRefusedAndListedMeanwhile) {
  const std::string bytes = block(kPlan, 100, now_s() + 1);
  RawConnection raw(server.port());
  raw.send(raw_head(query_id({kPlan, "t", 0, 0}), "Content-Length: " + std::to_string(bytes.size())) + bytes.substr(0, bytes.size() / 2));
  Result<uint64_t> listed = 0;
  for (int i = 0; i < 100 && listed.value_or(1) == 0; ++i) listed = client.inserts_under_way(kPlan);
  EXPECT_EQ(listed.value_or(99), 1u);
  EXPECT_EQ(client.inserts_under_way(PlanId{Uuid{1, 2}}).value_or(99), 0u);
  std::this_thread::sleep_for(2500ms);  // the term passes
  raw.send(std::string_view(bytes).substr(bytes.size() / 2));
  EXPECT_THAT(raw.read_to_end(), HasSubstr("X-ClickHouse-Exception-Code: 395"));
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(client.inserts_under_way(kPlan).value_or(99), 0u);
}

TEST_F(Clickhouse, ABodyThatStallsEndsWithItsExecutionTime) {
  const std::string bytes = block(kPlan, 100, now_s() + 60);
  RawConnection raw(server.port());
  std::string head = raw_head(query_id({kPlan, "t", 0, 0}), "Content-Length: " + std::to_string(bytes.size()));
  head.replace(head.find("&min_insert"), 1, "&max_execution_time=1&");
  raw.send(head + bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(raw.read_to_end(), HasSubstr("X-ClickHouse-Exception-Code: 159"));
  EXPECT_EQ(client.inserts_under_way(kPlan).value_or(99), 0u) << "a writer that is frozen must not hold up whoever completes its plan";
  EXPECT_EQ(count(), 0u);
}

class ClickhouseWithFault : public Clickhouse {
 protected:
  ClickhouseWithFault() : Clickhouse({.user = "default", .password = {}, .kill_at_rename = true}) {}
};

TEST_F(ClickhouseWithFault, KilledAtTheRenameKeepsTheTokenAndLosesTheRowsAndTheCountTells) {
  const std::string bytes = block(kPlan, 500, now_s() + 60);
  server.arm_kill(1);
  ASSERT_FALSE(insert(bytes));
  for (int i = 0; i < 500 && server.running(); ++i) std::this_thread::sleep_for(10ms);
  ASSERT_FALSE(server.running());
  server.start();
  ASSERT_EQ(count(), 0u);
  const auto again = insert(bytes, 0, 1);
  ASSERT_TRUE(again) << again.error().message;  // acknowledged …
  EXPECT_EQ(count(), 0u);                       // … and not there: nothing more in this term
  ASSERT_TRUE(insert(bytes, 1, 2));
  EXPECT_EQ(count(), 500u);
}

TEST_F(Clickhouse, RowsSurviveKill9OnceAcknowledged) {
  ASSERT_TRUE(insert(block(kPlan, 700, now_s() + 60)));
  server.kill9();
  const auto gone = client.count_of_plan("t", kPlan);
  ASSERT_FALSE(gone);
  EXPECT_EQ(trouble_of(gone.error()), Trouble::kUnreachable);
  server.start();
  EXPECT_EQ(count(), 700u);
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(Clickhouse, SelectsRunWhileInserting) {
  std::atomic<bool> done{false};
  std::atomic<int> selects{0}, wrong{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&] {
      Client reader(endpoint());
      uint64_t before = 0;
      while (!done) {
        const uint64_t n = reader.count_of_plan("t", kPlan).value_or(0);
        wrong += n < before || n % 100 != 0;
        before = n;
        ++selects;
      }
    });
  for (uint32_t i = 0; i < 50; ++i) EXPECT_TRUE(insert(block(kPlan, 100, now_s() + 60), i));
  done = true;
  readers.clear();
  EXPECT_EQ(count(), 5000u);
  EXPECT_GT(selects, 0);
  EXPECT_EQ(wrong, 0);
}

TEST_F(Clickhouse, SettingsOfTheUrlHoldForOneQuery) {
  EXPECT_EQ(client.select("SELECT getSetting('max_threads')", "TabSeparated", {{"max_threads", "7"}}).value(), "7\n");
  EXPECT_NE(client.select("SELECT getSetting('max_threads')", "TabSeparated").value(), "7\n");
  const auto over = client.select("SELECT * FROM numbers(1000)", "Null", {{"max_rows_to_read", "10"}});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, 158);
}

TEST_F(Clickhouse, AnErrorInTheMiddleOfAnAnswerIsAnError) {
  size_t taken = 0;
  const auto status = client.select_stream("SELECT throwIf(number = 3000000), toString(number) FROM numbers(4000000)", "TabSeparated",
                                           [&](std::string_view piece) { return taken += piece.size(), true; });
  EXPECT_FALSE(status);
  EXPECT_GT(taken, 0u);
}

TEST_F(Clickhouse, AStreamComesWhole) {
  uint64_t sum = 0;
  std::string rest;
  ASSERT_TRUE(client.select_stream("SELECT number FROM numbers(1000000)", "RowBinary", [&](std::string_view piece) {
    rest.append(piece);
    RowBinaryReader reader(rest);
    while (reader.rest().size() >= 8) sum += reader.number<uint64_t>();
    rest = std::string(reader.rest());
    return true;
  }));
  EXPECT_EQ(sum, 499999500000u);
}

TEST_F(Clickhouse, AnAnswerOfManyBlocksIsOneDocumentWhereItsFormatHasOneFrame) {
  const auto answer = client.select("SELECT number FROM numbers(200000) SETTINGS max_block_size = 1000", "JSONCompact");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->find("\"meta\""), answer->rfind("\"meta\""));
  EXPECT_NE(answer->find("\"rows\": 200000"), std::string::npos);
}

TEST_F(Clickhouse, AnotherDatabaseAndTableAreNamedInTheError) {
  const auto missing = insert_into(client, {kPlan, "nope", 0, 0}, kColumns, block(kPlan, 1, now_s() + 60));
  ASSERT_FALSE(missing);
  EXPECT_EQ(trouble_of(missing.error()), Trouble::kMissingTable);
  EXPECT_EQ(missing.error().retry, Retry::kPermanent);
  EXPECT_THAT(missing.error().message, HasSubstr("millrace tables apply"));
  const std::vector<std::string> columns{"_plan", "_offset", "nosuch"};
  const auto wrong = insert_into(client, {kPlan, "t", 0, 1}, columns, block(kPlan, 1, now_s() + 60));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(trouble_of(wrong.error()), Trouble::kWrongColumns);
}

TEST_F(Clickhouse, TheServersTimeIsNow) {
  const auto time = client.server_time();
  ASSERT_TRUE(time);
  EXPECT_LT(std::chrono::abs(*time - std::chrono::system_clock::now()), 5s);
}

TEST(ClickhousePassword, AWrongOneIsRefusedBeforeTheBodyCounts) {
  ClickhouseFixture server({.user = "millrace", .password = "s3cret"});
  Client right({.url = server.url(), .user = "millrace", .password = "s3cret"}), wrong({.url = server.url(), .user = "millrace", .password = "x"});
  EXPECT_TRUE(right.ping());
  const auto refused = wrong.ping();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 516);
  EXPECT_EQ(refused.error().retry, Retry::kPermanent);
  const auto insert = insert_into(wrong, {kPlan, "t", 0, 0}, kColumns, block(kPlan, 100'000, now_s() + 60));
  ASSERT_FALSE(insert);
  EXPECT_EQ(insert.error().code, 516);
}

}  // namespace
}  // namespace millrace::test
