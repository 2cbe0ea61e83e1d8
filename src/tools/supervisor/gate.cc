#include "tools/supervisor/gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <vector>

#include "tools/supervisor/reply_filter.h"

namespace millrace::supervisor {
namespace {

constexpr size_t kBufferMax = 1 << 18;
constexpr int kTickMs = 10;
constexpr std::array<const char*, 6> kModeNames{"pass", "refuse", "hang", "reset", "slow", "lose_reply"};

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int bound_socket(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in address = loopback(port);
  if (fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

struct Side {
  int fd = -1;
  std::string out;     // waits to be written to this side
  bool ended = false;  // it has sent its last byte
  bool shut = false;   // we have passed the other side's end on
  int64_t budget = 0;  // kSlow: bytes that may still be read from it
};

struct Relay {
  Side client, server;
  bool connecting = true;
  ReplyFilter filter;
};

void close_side(int fd, bool reset) {
  if (fd < 0) return;
  const linger hard{1, 0};
  if (reset) setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close(fd);
}

bool flush(Side& side) {
  while (!side.out.empty()) {
    const ssize_t sent = send(side.fd, side.out.data(), side.out.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    side.out.erase(0, static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace

const char* name(GateMode mode) { return kModeNames[static_cast<size_t>(mode)]; }
std::optional<GateMode> parse_gate_mode(const std::string& text) {
  for (size_t i = 0; i < kModeNames.size(); ++i)
    if (text == kModeNames[i]) return static_cast<GateMode>(i);
  return std::nullopt;
}

bool is_free(uint16_t port) {
  const int fd = bound_socket(port);
  const bool free = fd >= 0 && listen(fd, 1) == 0;
  if (fd >= 0) close(fd);
  return free;
}

bool accepts(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool yes = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return yes;
}

Result<uint16_t> pick_free_port() {
  const int fd = bound_socket(0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (fd < 0 || getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return transient("no free port on 127.0.0.1");
  close(fd);
  return ntohs(address.sin_port);
}

// What the gate's thread works on.
struct Gate::Loop {
  Gate& gate;
  int listener = -1;
  bool listening = false;
  std::list<Relay> relays;

  void listen_if(bool wanted) {
    if (wanted == listening) return;
    // A socket that is bound and doesn't listen keeps the port ours, and the kernel refuses for it.
    if (wanted)
      listening = listen(listener, 128) == 0;
    else
      shutdown(listener, SHUT_RD), listening = false;
  }

  void drop(Relay& relay, bool reset) {
    close_side(relay.client.fd, reset);
    close_side(relay.server.fd, reset);
    relay.client.fd = relay.server.fd = -1;
    if (reset) count([](GateCounts& counts) { ++counts.resets; });
  }

  template <class F>
  void count(F&& change) {
    std::lock_guard lock(gate.mutex_);
    change(gate.counts_);
  }

  void accept_one(GateMode mode) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    count([](GateCounts& counts) { ++counts.connections; });
    if (mode == GateMode::kReset) return close_side(fd, true);
    Relay& relay = relays.emplace_back();
    relay.client.fd = fd;
    relay.server.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    for (int side : {fd, relay.server.fd}) setsockopt(side, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const sockaddr_in address = loopback(gate.server_port_);
    if (connect(relay.server.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) drop(relay, true);
  }

  // Moves bytes from one side towards the other; false when the connection is to be reset.
  bool pump(Relay& relay, Side& from, Side& to, bool to_server, const GateRule& rule) {
    char piece[16384];
    const size_t room = rule.mode == GateMode::kSlow ? std::min<size_t>(sizeof piece, static_cast<size_t>(std::max<int64_t>(from.budget, 0))) : sizeof piece;
    if (from.ended || room == 0 || to.out.size() >= kBufferMax) return true;
    const ssize_t got = recv(from.fd, piece, room, 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) {
      from.ended = true;
      return true;
    }
    const std::string_view bytes(piece, static_cast<size_t>(got));
    from.budget -= got;
    const bool lose = rule.mode == GateMode::kLoseReply;
    if (to_server) {
      relay.filter.request(bytes, lose ? rule.kafka_api : -1, lose ? &rule.match : nullptr);
    } else if (relay.filter.reply(bytes, rule.kafka_api >= 0) && lose) {
      std::lock_guard lock(gate.mutex_);
      ++gate.counts_.replies_lost;
      if (gate.rule_.mode == GateMode::kLoseReply && gate.rule_.count > 0 && --gate.rule_.count == 0) gate.rule_ = GateRule{};
      return false;
    }
    to.out.append(bytes);
    count([&](GateCounts& counts) { (to_server ? counts.bytes_to_server : counts.bytes_to_client) += bytes.size(); });
    return true;
  }

  bool serve(Relay& relay, short client_events, short server_events, const GateRule& rule) {
    if (relay.connecting) {
      if (!(server_events & (POLLOUT | POLLERR | POLLHUP))) return true;
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(relay.server.fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error) return false;
      relay.connecting = false;
    }
    if ((client_events & POLLERR) || (server_events & POLLERR)) return false;
    if ((client_events & (POLLIN | POLLHUP)) && !pump(relay, relay.client, relay.server, true, rule)) return false;
    if ((server_events & (POLLIN | POLLHUP)) && !pump(relay, relay.server, relay.client, false, rule)) return false;
    if (!flush(relay.client) || !flush(relay.server)) return false;
    for (auto [from, to] : {std::pair{&relay.client, &relay.server}, std::pair{&relay.server, &relay.client}})
      if (from->ended && !to->shut && to->out.empty()) shutdown(to->fd, SHUT_WR), to->shut = true;
    if (relay.client.shut && relay.server.shut) drop(relay, false);
    return true;
  }

  void run() {
    std::vector<pollfd> fds;
    while (!gate.closing_) {
      const GateRule rule = gate.rule();
      listen_if(rule.mode != GateMode::kRefuse);
      if (rule.mode == GateMode::kRefuse || rule.mode == GateMode::kReset)
        for (Relay& relay : relays) drop(relay, true);
      std::erase_if(relays, [](const Relay& relay) { return relay.client.fd < 0; });
      const bool held = rule.mode == GateMode::kHang;
      fds.assign(1, {listening ? listener : -1, POLLIN, 0});
      for (Relay& relay : relays) {
        for (auto [side, other] : {std::pair{&relay.client, &relay.server}, std::pair{&relay.server, &relay.client}}) {
          short events = 0;
          if (rule.mode == GateMode::kSlow)
            side->budget = std::min<int64_t>(side->budget + std::max<int64_t>(rule.bytes_per_s * kTickMs / 1000, 1), rule.bytes_per_s);
          if (!relay.connecting && !side->ended && other->out.size() < kBufferMax && (rule.mode != GateMode::kSlow || side->budget > 0)) events |= POLLIN;
          if (!side->out.empty() || (relay.connecting && side == &relay.server)) events |= POLLOUT;
          fds.push_back({held || events == 0 ? -1 : side->fd, events, 0});
        }
      }
      poll(fds.data(), fds.size(), rule.mode == GateMode::kSlow ? 0 : kTickMs);
      if (rule.mode == GateMode::kSlow) usleep(kTickMs * 1000);
      size_t i = 1;
      for (Relay& relay : relays) {
        const short client_events = fds[i].revents, server_events = fds[i + 1].revents;
        i += 2;
        if (!held && (client_events || server_events || relay.client.ended || relay.server.ended) && !serve(relay, client_events, server_events, rule))
          drop(relay, true);
      }
      if (fds[0].revents & POLLIN) accept_one(rule.mode);
    }
    for (Relay& relay : relays) drop(relay, true);
    close(listener);
  }
};

Gate::Gate(uint16_t listen_port, uint16_t server_port) : port_(listen_port), server_port_(server_port) {}
Gate::~Gate() { stop(); }

Status Gate::start() {
  if (port_ == 0) {
    auto port = pick_free_port();
    if (!port) return std::unexpected(port.error());
    port_ = *port;
  }
  loop_ = std::make_unique<Loop>(*this);
  loop_->listener = bound_socket(port_);
  if (loop_->listener < 0) return permanent("port " + std::to_string(port_) + " of 127.0.0.1 is taken: " + std::strerror(errno));
  loop_->listen_if(true);
  if (!loop_->listening) return permanent("port " + std::to_string(port_) + " of 127.0.0.1 is taken: " + std::strerror(errno));
  thread_ = std::thread([this] { loop_->run(); });
  return {};
}

void Gate::stop() {
  closing_ = true;
  if (thread_.joinable()) thread_.join();
}

void Gate::set(GateRule rule) {
  std::lock_guard lock(mutex_);
  rule_ = std::move(rule);
}
GateRule Gate::rule() const {
  std::lock_guard lock(mutex_);
  return rule_;
}
GateCounts Gate::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace millrace::supervisor
