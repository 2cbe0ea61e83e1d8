#include "tools/supervisor/supervisor.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "base/log.h"

extern char** environ;

namespace millrace::supervisor {

using namespace std::chrono_literals;

struct Supervisor::Child {
  ChildSpec spec;
  ChildStatus status;
  bool stopping = false;
  std::streamoff log_begin = 0;  // where the output of this start begins
  std::thread watcher;
};

const char* name(ChildState state) {
  switch (state) {
    case ChildState::kNew: return "new";
    case ChildState::kRunning: return "running";
    case ChildState::kFrozen: return "frozen";
    case ChildState::kExited: return "exited";
  }
  return "?";
}

namespace {
bool alive(const ChildStatus& status) { return status.state == ChildState::kRunning || status.state == ChildState::kFrozen; }

std::string read_from(const std::string& path, std::streamoff begin) {
  std::ifstream file(path);
  file.seekg(begin);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The port of the line "listening on HOST:PORT", 0 if there is none yet.
uint16_t listening_port(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (end == std::string::npos) return 0;
    const std::string line = text.substr(at, end - at);
    const size_t colon = line.rfind(':');
    if (line.starts_with("listening on ") && colon != std::string::npos) return static_cast<uint16_t>(std::atoi(line.c_str() + colon + 1));
    at = end + 1;
  }
  return 0;
}
}  // namespace

Supervisor::Supervisor(ExitHandler on_exit) : on_exit_(std::move(on_exit)), spawner_([this] { spawn_loop(); }) {}

Supervisor::~Supervisor() {
  for (const ChildStatus& status : states()) (void)kill(status.name);
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  spawner_.join();
  for (auto& child : children_)
    if (child->watcher.joinable()) child->watcher.join();
}

void Supervisor::spawn_loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || spawn_task_; });
    if (!spawn_task_) return;
    auto task = std::move(spawn_task_);
    spawn_task_ = nullptr;
    task();
    changed_.notify_all();
  }
}

Supervisor::Child* Supervisor::find(const std::string& name) const {
  for (const auto& child : children_)
    if (child->spec.name == name) return child.get();
  return nullptr;
}

void Supervisor::add(ChildSpec spec) {
  std::lock_guard lock(mutex_);
  Child* child = find(spec.name);
  if (!child) child = children_.emplace_back(std::make_unique<Child>()).get();
  child->status.name = spec.name;
  child->spec = std::move(spec);
}

// On the spawner's thread, under the lock. Between fork and exec only what is safe after a fork of a process with threads.
pid_t Supervisor::spawn(const Child& child) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable; ++variable) {
    const std::string text = *variable;
    const std::string key = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& [name, value] : child.spec.environment) replaced |= name == key;
    if (!replaced) environment.push_back(text);
  }
  for (const auto& [name, value] : child.spec.environment) environment.push_back(name + "=" + value);
  std::vector<char*> arguments, variables;
  for (const std::string& text : child.spec.argv) arguments.push_back(const_cast<char*>(text.c_str()));
  for (std::string& text : environment) variables.push_back(text.data());
  arguments.push_back(nullptr);
  variables.push_back(nullptr);
  const int log = open(child.spec.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const pid_t parent = getpid();
  const pid_t pid = log < 0 ? -1 : fork();
  if (pid == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) ::signal(number, SIG_DFL);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execve(arguments[0], arguments.data(), variables.data());
    _exit(127);
  }
  const int why = errno;
  if (pid > 0) setpgid(pid, pid);  // whichever of the two comes first
  if (log >= 0) close(log);
  if (null >= 0) close(null);
  errno = why;
  return pid;
}

Status Supervisor::start(const std::string& name) {
  std::unique_lock lock(mutex_);
  Child* child = find(name);
  if (!child) return permanent("there is no child '" + name + "'");
  if (alive(child->status)) return {};
  if (access(child->spec.argv[0].c_str(), X_OK) != 0) return permanent(child->spec.argv[0] + " can't be run: " + std::strerror(errno));
  if (child->watcher.joinable()) {
    std::thread old = std::move(child->watcher);
    lock.unlock();
    old.join();
    lock.lock();
    if (alive(child->status)) return {};
  }
  std::error_code ignored;
  const auto size = std::filesystem::file_size(child->spec.log, ignored);
  child->log_begin = ignored ? 0 : static_cast<std::streamoff>(size);
  changed_.wait(lock, [this] { return !spawn_task_; });
  pid_t pid = -2;
  int why = 0;
  spawn_task_ = [&] { pid = spawn(*child), why = errno; };
  changed_.notify_all();
  changed_.wait(lock, [&] { return pid != -2; });
  if (pid < 0) return permanent("can't start " + name + " (output to " + child->spec.log + "): " + std::strerror(why));
  child->status.state = ChildState::kRunning;
  child->status.pid = pid;
  child->status.port = 0;
  child->status.wanted = child->stopping = false;
  ++child->status.starts;
  child->watcher = std::thread([this, child, pid] { watch(*child, pid); });
  return {};
}

// Learns of the exit without reaping, then reaps under the lock: no signal can ever go to a pid that was given away again.
void Supervisor::watch(Child& child, pid_t pid) {
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  ChildStatus status;
  {
    std::lock_guard lock(mutex_);
    ::kill(-pid, SIGKILL);  // its own children, if it left any
    int result = 0;
    waitpid(pid, &result, 0);
    child.status.exit_code = WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result);
    child.status.state = ChildState::kExited;
    child.status.wanted = child.stopping;
    status = child.status;
  }
  changed_.notify_all();
  if (on_exit_) on_exit_(status);
}

Result<uint16_t> Supervisor::wait_ready(const std::string& name, std::chrono::milliseconds within) {
  const auto end = std::chrono::steady_clock::now() + within;
  std::unique_lock lock(mutex_);
  while (true) {
    Child* child = find(name);
    if (!child) return permanent("there is no child '" + name + "'");
    if (child->status.port) return child->status.port;
    const std::string log = child->spec.log;
    const std::streamoff begin = child->log_begin;
    const bool runs = alive(child->status);
    const int code = child->status.exit_code;
    lock.unlock();
    const uint16_t port = listening_port(read_from(log, begin));
    if (!port && !runs)
      return permanent(name + " ended with status " + std::to_string(code) + " before it was ready. Its last lines (" + log + "):\n" + log_end(name));
    if (!port && std::chrono::steady_clock::now() > end)
      return transient(name + " isn't ready after " + std::to_string(within.count() / 1000) + " s. Its last lines (" + log + "):\n" + log_end(name));
    lock.lock();
    if (port)
      child->status.port = port;
    else
      changed_.wait_for(lock, 20ms);
  }
}

Status Supervisor::signal(const std::string& name, int number, ChildState after) {
  std::lock_guard lock(mutex_);
  Child* child = find(name);
  if (!child) return permanent("there is no child '" + name + "'");
  if (!alive(child->status)) return permanent(name + " isn't running");
  ::kill(-child->status.pid, number);
  child->status.state = after;
  return {};
}
Status Supervisor::freeze(const std::string& name) { return signal(name, SIGSTOP, ChildState::kFrozen); }
Status Supervisor::thaw(const std::string& name) { return signal(name, SIGCONT, ChildState::kRunning); }

Status Supervisor::kill(const std::string& name) {
  std::unique_lock lock(mutex_);
  Child* child = find(name);
  if (!child) return permanent("there is no child '" + name + "'");
  if (!alive(child->status)) return {};
  child->stopping = true;
  const int start = child->status.starts;
  ::kill(-child->status.pid, SIGKILL);
  changed_.wait(lock, [&] { return !alive(child->status) || child->status.starts != start; });
  return {};
}

Status Supervisor::stop(const std::string& name) {
  std::unique_lock lock(mutex_);
  Child* child = find(name);
  if (!child) return permanent("there is no child '" + name + "'");
  if (!alive(child->status)) return {};
  child->stopping = true;
  ::kill(-child->status.pid, SIGCONT);
  ::kill(child->status.pid, child->spec.stop_signal);
  if (changed_.wait_for(lock, child->spec.stop_grace, [&] { return !alive(child->status); })) return {};
  log::warn("{} didn't stop within {} s: killed", name, child->spec.stop_grace.count());
  ::kill(-child->status.pid, SIGKILL);
  changed_.wait(lock, [&] { return !alive(child->status); });
  return transient(name + " had to be killed");
}

bool Supervisor::wait_exit(const std::string& name, std::chrono::milliseconds within) {
  std::unique_lock lock(mutex_);
  Child* child = find(name);
  return child && changed_.wait_for(lock, within, [&] { return !alive(child->status); });
}

std::vector<ChildStatus> Supervisor::states() const {
  std::lock_guard lock(mutex_);
  std::vector<ChildStatus> all;
  for (const auto& child : children_) all.push_back(child->status);
  return all;
}

Result<ChildStatus> Supervisor::state(const std::string& name) const {
  std::lock_guard lock(mutex_);
  const Child* child = find(name);
  if (!child) return permanent("there is no child '" + name + "'");
  return child->status;
}

std::string Supervisor::log_end(const std::string& name, size_t lines) const {
  std::string path;
  std::streamoff begin = 0;
  {
    std::lock_guard lock(mutex_);
    if (const Child* child = find(name)) path = child->spec.log, begin = child->log_begin;
  }
  const std::string text = read_from(path, begin);
  size_t at = text.size();
  for (size_t line = 0; at > 0; --at)
    if (text[at - 1] == '\n' && at != text.size() && ++line == lines) break;
  return text.substr(at);
}

}  // namespace millrace::supervisor
