#include "tools/supervisor/gate.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <vector>

namespace millrace::supervisor {
namespace {

sockaddr_in address_of(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Answers every piece it reads with `answer(piece)`.
class EchoServer {
 public:
  explicit EchoServer(std::function<std::string(const std::string&)> answer = [](const std::string& text) { return "re:" + text; })
      : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = address_of(0);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 16);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    acceptor_ = std::thread([this] {
      for (int fd; (fd = accept(listener_, nullptr, nullptr)) >= 0;) {
        std::lock_guard lock(mutex_);
        threads_.emplace_back([this, fd] { serve(fd); });
      }
    });
  }
  ~EchoServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
    close(listener_);
  }
  std::string seen() {
    std::lock_guard lock(mutex_);
    return seen_;
  }
  uint16_t port = 0;

 private:
  void serve(int fd) {
    char piece[65536];
    for (ssize_t got; (got = recv(fd, piece, sizeof piece, 0)) > 0;) {
      const std::string text(piece, static_cast<size_t>(got));
      {
        std::lock_guard lock(mutex_);
        seen_ += text;
      }
      const std::string reply = answer_(text);
      send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
    }
    close(fd);
  }
  std::function<std::string(const std::string&)> answer_;
  int listener_;
  std::mutex mutex_;
  std::string seen_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

class Peer {
 public:
  explicit Peer(uint16_t port, int wait_ms = 5000) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval wait{wait_ms / 1000, wait_ms % 1000 * 1000};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    const sockaddr_in address = address_of(port);
    error = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  }
  ~Peer() { close(fd_); }
  void say(const std::string& text) { send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  void end() { shutdown(fd_, SHUT_WR); }
  // What comes next; on an end or an error "" with `error` set (0: a clean end).
  std::string hear(size_t size) {
    std::string text(size, 0);
    size_t have = 0;
    while (have < size) {
      const ssize_t got = recv(fd_, text.data() + have, size - have, 0);
      error = got < 0 ? errno : 0;
      if (got <= 0) break;
      have += static_cast<size_t>(got);
    }
    text.resize(have);
    return text;
  }
  int error = 0;

 private:
  int fd_;
};

struct GateTest : ::testing::Test {
  EchoServer server;
  Gate gate{0, server.port};
  void SetUp() override {
    const auto started = gate.start();
    ASSERT_TRUE(started) << started.error().message;
  }
  void set(GateRule rule) {
    gate.set(rule);
    usleep(60'000);  // the gate promises 20 ms
  }
};

TEST_F(GateTest, PassesBytesBothWays) {
  Peer peer(gate.port());
  peer.say("hello");
  EXPECT_EQ(peer.hear(8), "re:hello");
  peer.end();
  EXPECT_EQ(peer.hear(1), "");
  EXPECT_EQ(peer.error, 0);
  EXPECT_EQ(gate.counts().bytes_to_server, 5u);
}

TEST_F(GateTest, PassesMegabytesUnchanged) {
  std::string big;
  for (int64_t i = 0; big.size() < 3'000'000; ++i) big += std::to_string(i * 7919);
  Peer peer(gate.port());
  std::thread sender([&] { peer.say(big), peer.end(); });
  std::string all;
  for (std::string part; !(part = peer.hear(100'000)).empty();) all += part;
  sender.join();
  for (size_t at; (at = all.find("re:")) != std::string::npos;) all.erase(at, 3);
  EXPECT_EQ(all == big, true) << all.size() << " of " << big.size();
}

TEST_F(GateTest, RefusesAndListensAgain) {
  Peer open(gate.port());
  open.say("x");
  ASSERT_EQ(open.hear(4), "re:x");
  set({.mode = GateMode::kRefuse});
  EXPECT_EQ(open.hear(1), "");
  EXPECT_EQ(open.error, ECONNRESET);
  EXPECT_EQ(Peer(gate.port()).error, ECONNREFUSED);
  set({});
  Peer again(gate.port());
  again.say("y");
  EXPECT_EQ(again.hear(4), "re:y");
}

TEST_F(GateTest, HangsWithoutClosingAndGoesOnLater) {
  Peer peer(gate.port(), 300);
  peer.say("a");
  ASSERT_EQ(peer.hear(4), "re:a");
  set({.mode = GateMode::kHang});
  peer.say("b");
  EXPECT_EQ(peer.hear(4), "");
  EXPECT_EQ(peer.error, EAGAIN);
  EXPECT_EQ(server.seen(), "a");
  set({});
  EXPECT_EQ(peer.hear(4), "re:b");
}

TEST_F(GateTest, ResetsConnections) {
  Peer peer(gate.port());
  peer.say("a");
  ASSERT_EQ(peer.hear(4), "re:a");
  set({.mode = GateMode::kReset});
  EXPECT_EQ(peer.hear(1), "");
  EXPECT_EQ(peer.error, ECONNRESET);
}

TEST_F(GateTest, SlowsDownToItsRate) {
  set({.mode = GateMode::kSlow, .bytes_per_s = 20'000});
  Peer peer(gate.port());
  const auto begin = std::chrono::steady_clock::now();
  peer.say(std::string(10'000, 'x'));
  peer.hear(10'000);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_GT(ms, 400);
}

TEST_F(GateTest, LosesTheReplyAfterTheRequestWentThrough) {
  Peer peer(gate.port());
  set({.mode = GateMode::kLoseReply, .match = "INSERT", .count = 1});
  peer.say("SELECT 1");
  EXPECT_EQ(peer.hear(11), "re:SELECT 1");
  peer.say("INSERT x");
  EXPECT_EQ(peer.hear(1), "");
  EXPECT_EQ(peer.error, ECONNRESET);
  EXPECT_EQ(server.seen(), "SELECT 1INSERT x");
  EXPECT_EQ(gate.counts().replies_lost, 1u);
  EXPECT_EQ(gate.rule().mode, GateMode::kPass) << "one reply was asked for";
}

std::string kafka_request(int api, uint32_t correlation, size_t payload = 3) {
  const uint32_t length = static_cast<uint32_t>(8 + payload);
  std::string text;
  for (int shift : {24, 16, 8, 0}) text += static_cast<char>(length >> shift);
  text += static_cast<char>(api >> 8), text += static_cast<char>(api), text += '\0', text += '\3';
  for (int shift : {24, 16, 8, 0}) text += static_cast<char>(correlation >> shift);
  return text + std::string(payload, 'p');
}

TEST(KafkaGate, LosesOnlyTheReplyToTheNamedRequest) {
  EchoServer broker([](const std::string& text) { return std::string("\0\0\0\6", 4) + text.substr(8, 4) + "ok"; });
  Gate gate(0, broker.port);
  ASSERT_TRUE(gate.start());
  Peer peer(gate.port());
  peer.say(kafka_request(3, 1));
  ASSERT_EQ(peer.hear(10).size(), 10u);
  gate.set({.mode = GateMode::kLoseReply, .kafka_api = 26, .count = 1});
  usleep(60'000);
  peer.say(kafka_request(0, 2, 5000));
  EXPECT_EQ(peer.hear(10).size(), 10u);
  peer.say(kafka_request(26, 3));
  EXPECT_EQ(peer.hear(1), "");
  EXPECT_EQ(peer.error, ECONNRESET);
  EXPECT_EQ(gate.counts().replies_lost, 1u);
}

TEST(GateStart, NamesATakenPort) {
  EchoServer server;
  Gate gate(server.port, 1);
  const auto started = gate.start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find(std::to_string(server.port)), std::string::npos);
  EXPECT_FALSE(is_free(server.port));
}

}  // namespace
}  // namespace millrace::supervisor
