#include "services/clickhouse_embedded/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace millrace::clickhouse_embedded {

Status Server::start() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  if (inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr) != 1) return permanent("--host " + options_.host + " is not an IPv4 address");
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  if (listener_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 512) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return permanent(options_.host + ":" + std::to_string(options_.port) + " can't be listened on: " + std::strerror(errno) +
                     ": choose another --port, or 0 for a free one");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
  return {};
}

void Server::accept_loop() {
  while (!stopping_) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      if (stopping_) return;
      if (errno != EINTR && errno != ECONNABORTED) {
        log::warn("a connection can't be accepted: {}", std::strerror(errno));
        std::this_thread::sleep_for(std::chrono::milliseconds(100));  // out of descriptors: give some time to close
      }
      continue;
    }
    {
      const std::lock_guard lock(mutex_);
      sockets_.insert(socket);
    }
    std::thread([this, socket] { serve(socket); }).detach();  // counted by sockets_, waited for in stop()
  }
}

void Server::serve(int socket) {
  {
    HttpConnection connection(dup(socket), options_.idle, options_.stall);
    RequestHead head;
    while (!stopping_ && connection.read_head(head) == HttpConnection::Head::kRequest) {
      {
        const std::lock_guard lock(mutex_);
        busy_.insert(socket);
      }
      handler_.handle(connection, head);
      {
        const std::lock_guard lock(mutex_);
        busy_.erase(socket);
      }
      if (!connection.keeps_alive()) break;
    }
  }
  const std::lock_guard lock(mutex_);
  close(socket);
  sockets_.erase(socket);
  gone_.notify_all();
}

void Server::stop() {
  if (stopping_.exchange(true) || listener_ < 0) return;
  shutdown(listener_, SHUT_RDWR);
  if (acceptor_.joinable()) acceptor_.join();
  close(listener_);
  std::unique_lock lock(mutex_);
  for (const int socket : sockets_)
    if (!busy_.contains(socket)) shutdown(socket, SHUT_RDWR);
  gone_.wait_for(lock, options_.grace, [&] { return busy_.empty(); });
  for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  gone_.wait(lock, [&] { return sockets_.empty(); });
}

}  // namespace millrace::clickhouse_embedded
