#include "integration/clickhouse_fixture.h"

#include <arpa/inet.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace millrace::test {

ClickhouseFixture::ClickhouseFixture(Options options) : options_(std::move(options)) { start(); }

ClickhouseFixture::~ClickhouseFixture() {
  if (pid_ > 0) kill9();
}

void ClickhouseFixture::start() {
  int out[2];
  if (pipe(out) != 0) throw std::runtime_error("no pipe");
  const std::string port = std::to_string(port_), data = directory_ / "data", control = directory_ / "kill";
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out[1], STDOUT_FILENO);
    close(out[0]), close(out[1]);
    if (options_.kill_at_rename) {
      setenv("LD_PRELOAD", MILLRACE_KILL_AT_RENAME_LIBRARY, 1);
      setenv("MILLRACE_KILL_AT_RENAME", control.c_str(), 1);
    }
    execl(MILLRACE_BINARY, "millrace", "clickhouse-embedded", "--data", data.c_str(), "--port", port.c_str(), "--user", options_.user.c_str(), "--password",
          options_.password.c_str(), nullptr);
    _exit(127);
  }
  close(out[1]);
  std::string line;
  char c;
  while (read(out[0], &c, 1) == 1 && c != '\n') line += c;
  close(out[0]);
  const size_t colon = line.rfind(':');
  if (!line.starts_with("listening on ") || colon == line.npos) throw std::runtime_error("clickhouse-embedded doesn't start: " + line);
  port_ = static_cast<uint16_t>(std::stoi(line.substr(colon + 1)));
}

void ClickhouseFixture::kill9() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

int ClickhouseFixture::stop() {
  int status = 0;
  kill(pid_, SIGTERM);
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool ClickhouseFixture::running() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

void ClickhouseFixture::arm_kill(int nth, const std::string& word) { std::ofstream(directory_ / "kill") << nth << ' ' << word << '\n'; }

RawConnection::RawConnection(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{20, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("can't connect");
}
RawConnection::~RawConnection() { close(socket_); }

void RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the peer refused early: its answer says so
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}
void RawConnection::end_sending() { shutdown(socket_, SHUT_WR); }

std::string RawConnection::read_to_end() {
  std::string all;
  char piece[4096];
  for (ssize_t got; (got = recv(socket_, piece, sizeof piece, 0)) > 0;) all.append(piece, static_cast<size_t>(got));
  return all;
}

}  // namespace millrace::test
