#include "clients/http/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "clients/http_server/server.h"

namespace millrace::http {
namespace {

using http_server::Response;
using http_server::Server;
using namespace std::chrono_literals;

struct ClientAndServer : testing::Test {
  Server server;
  Client client;
  std::string url(const std::string& path) { return "http://" + server.address() + path; }
};

TEST_F(ClientAndServer, CarryBodyHeadersQueryAndStatus) {
  server.route("POST", "/echo/(.+)", [](auto& in, Response& out) {
    out.status = 201;
    out.headers.emplace_back("X-Answer", *in.header("X-Ask") + "/" + in.matches[1] + "/" + *in.parameter("q"));
    out.body = *in.body();
  });
  ASSERT_TRUE(server.start());
  std::string body(3'000'000, 'b');
  body[1] = '\0';
  Request r{.method = "POST", .url = url("/echo/a?q=" + escape("x y&z")), .headers = {{"X-Ask", "me"}}, .body = body};
  auto answer = client.send(r);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(*answer->header("x-answer"), "me/a/x y&z");
  EXPECT_EQ(answer->body, body);
}

TEST_F(ClientAndServer, StreamBodiesBothWays) {
  std::atomic<size_t> pieces_in = 0;
  server.route("PUT", "/sum", [&](auto& in, Response& out) {
    size_t bytes = 0;
    ASSERT_TRUE(in.stream_body([&](std::string_view b) {
      bytes += b.size();
      ++pieces_in;
      return true;
    }));
    out.stream = [bytes](auto& write) {
      for (int i = 0; i < 3; ++i)
        if (!write(std::to_string(bytes) + ";")) return false;
      return true;
    };
  });
  ASSERT_TRUE(server.start());
  size_t left = 1'000'000;
  std::string got;
  Request r{.method = "PUT", .url = url("/sum")};
  r.body_source = [&](char* buffer, size_t size) {
    size_t n = std::min(size, left);
    std::fill(buffer, buffer + n, 'x');
    left -= n;
    return n;
  };
  r.body_sink = [&](std::string_view b) {
    got += b;
    return true;
  };
  auto answer = client.send(r);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(got, "1000000;1000000;1000000;");
  EXPECT_TRUE(answer->body.empty());
  EXPECT_GT(pieces_in, 1u);
}

TEST_F(ClientAndServer, BodyCutShortIsNotTakenForWhole) {
  std::atomic<int> refused = 0;
  server.route("POST", "/x", [&](auto& in, Response& out) {
    auto body = in.body();
    if (!body) ++refused, out.status = 400;
  });
  ASSERT_TRUE(server.start());
  for (int64_t declared : {int64_t{1000}, int64_t{-1}}) {
    Request r{.method = "POST", .url = url("/x"), .deadline = 5s};
    int calls = 0;
    r.body_source_size = declared;
    r.body_source = [&](char* buffer, size_t) -> size_t {
      if (calls++) return 0x10000000;  // CURL_READFUNC_ABORT
      std::fill(buffer, buffer + 10, 'x');
      return 10;
    };
    auto answer = client.send(r);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().retry, Retry::kUnknown);
  }
  for (int i = 0; i < 500 && refused < 2; ++i) std::this_thread::sleep_for(10ms);  // stop() may drop what no thread took up yet
  server.stop();                                                                   // joins the handlers
  EXPECT_EQ(refused, 2);
}

TEST_F(ClientAndServer, AnswerThatBreaksOffIsAnUnknownOutcome) {
  server.route("GET", "/half", [](auto&, Response& out) { out.stream = [](auto& write) { return write("half") && false; }; });
  ASSERT_TRUE(server.start());
  auto answer = client.send({.url = url("/half")});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().retry, Retry::kUnknown) << answer.error().message;
}

TEST_F(ClientAndServer, DeadlineEndsARequestWithUnknownOutcome) {
  std::atomic<bool> go = false;
  server.route("GET", "/slow", [&](auto&, Response&) {
    while (!go) std::this_thread::sleep_for(1ms);
  });
  ASSERT_TRUE(server.start());
  auto answer = client.send({.url = url("/slow"), .deadline = 100ms});
  go = true;
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().retry, Retry::kUnknown) << answer.error().message;
}

TEST_F(ClientAndServer, NobodyThereIsTransientAndAMalformedUrlPermanent) {
  ASSERT_TRUE(server.start());
  std::string gone = url("/");
  server.stop();
  auto answer = client.send({.method = "POST", .url = gone, .body = "x"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().retry, Retry::kTransient) << answer.error().message;
  EXPECT_EQ(client.send({.url = "ftp://x/"}).error().retry, Retry::kPermanent);
}

TEST_F(ClientAndServer, DeleteWithoutBodyAndUnreadBodiesLeaveTheConnectionUsable) {
  server.route("DELETE", "/x", [](auto&, Response& out) { out.body = "gone"; });
  server.route("POST", "/unread", [](auto&, Response& out) { out.body = "ok"; });
  server.route("GET", "/throws", [](auto&, Response&) { throw std::runtime_error("why"); });
  ASSERT_TRUE(server.start());
  EXPECT_EQ(client.send({.method = "DELETE", .url = url("/x")})->body, "gone");
  EXPECT_EQ(client.send({.method = "POST", .url = url("/unread"), .body = "GET / HTTP/1.1\r\n\r\n"})->body, "ok");
  auto thrown = client.send({.url = url("/throws")});
  EXPECT_EQ(thrown->status, 500);
  EXPECT_EQ(thrown->body, "why");
  EXPECT_EQ(client.send({.url = url("/none")})->status, 404);
}

TEST_F(ClientAndServer, TakenPortIsSaid) {
  ASSERT_TRUE(server.start());
  http_server::Options options;
  options.port = server.port();
  Server second(options);
  auto status = second.start();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find(std::to_string(server.port())), std::string::npos);
}

}  // namespace
}  // namespace millrace::http
