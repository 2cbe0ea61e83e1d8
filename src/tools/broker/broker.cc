#include "tools/broker/broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace millrace::broker {
namespace fs = std::filesystem;
namespace {

// Any id will do: one node, one cluster. Base64 of 16 bytes, as Kafka wants it.
constexpr const char* kClusterId = "bWlsbHJhY2VtaWxscmFjZQ";

std::string deps_dir(const BrokerSettings& s) {
  if (!s.deps.empty()) return s.deps;
  if (const char* dir = std::getenv("MILLRACE_DEPS")) return dir;
  if (const char* cache = std::getenv("XDG_CACHE_HOME")) return std::string(cache) + "/millrace/deps";
  const char* home = std::getenv("HOME");
  return std::string(home ? home : "/root") + "/.cache/millrace/deps";
}

std::string find_java() {
  if (const char* home = std::getenv("JAVA_HOME"); home && fs::exists(std::string(home) + "/bin/java")) return std::string(home) + "/bin/java";
  std::string path = std::getenv("PATH") ? std::getenv("PATH") : "/usr/bin:/bin";
  for (size_t begin = 0; begin <= path.size();) {
    size_t end = std::min(path.find(':', begin), path.size());
    std::string candidate = path.substr(begin, end - begin) + "/java";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  return "";
}

Status write_file(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::trunc);
  out << text;
  out.close();
  if (!out) return permanent(path.string() + ": can't be written");
  return {};
}

Result<int> run(const std::vector<std::string>& argv, const std::string& output) {
  std::vector<char*> raw;
  for (const auto& a : argv) raw.push_back(const_cast<char*>(a.c_str()));
  raw.push_back(nullptr);
  pid_t pid = ::fork();
  if (pid < 0) return transient("fork failed");
  if (pid == 0) {
    int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ::dup2(fd, 1);
    ::dup2(fd, 2);
    ::execv(raw[0], raw.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

std::vector<std::string> java_command(const std::string& java, const std::string& kafka, const std::string& data, int heap_mb) {
  // C1 only: the broker is up in half the time, and on few cores the second compiler costs more than it brings. The classes come ready-made
  // from an archive (scripts/setup.sh makes it); of another Java it is ignored.
  return {java,
          "-Xms64m",
          "-Xmx" + std::to_string(heap_mb) + "m",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xshare:auto",
          "-XX:SharedArchiveFile=" + kafka + "/classes.jsa",
          "-Djava.awt.headless=true",
          "-Dlog4j2.configurationFile=file:" + data + "/log4j2.xml",
          "-cp",
          kafka + "/libs/*"};
}

// The ports of the last start, so that clients find the broker again.
uint16_t last_port(const fs::path& data, const std::string& name) {
  std::ifstream in(data / "ports");
  std::string key;
  unsigned port = 0;
  while (in >> key >> port)
    if (key == name) return static_cast<uint16_t>(port);
  return 0;
}

}  // namespace

uint16_t free_port() {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  uint16_t port = 0;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    port = ntohs(address.sin_port);
  ::close(fd);
  MILLRACE_CHECK(port != 0, "no free port on loopback");
  return port;
}

bool accepts_connections(const std::string& host, uint16_t port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  bool ok = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return ok;
}

std::map<std::string, std::string> server_properties(const BrokerSettings& s, uint16_t controller_port) {
  std::string port = std::to_string(s.port), controller = std::to_string(controller_port);
  std::string advertised = std::to_string(s.advertised_port ? s.advertised_port : s.port);
  std::map<std::string, std::string> p{
      {"process.roles", "broker,controller"},
      {"node.id", "1"},
      {"controller.quorum.voters", "1@" + s.host + ":" + controller},
      {"controller.listener.names", "CONTROLLER"},
      {"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"},
      {"inter.broker.listener.name", "PLAINTEXT"},
      {"listeners", "PLAINTEXT://" + s.host + ":" + port + ",CONTROLLER://" + s.host + ":" + controller},
      {"advertised.listeners", "PLAINTEXT://" + s.host + ":" + advertised},
      {"log.dirs", s.data + "/log"},
      {"auto.create.topics.enable", "false"},
      {"default.replication.factor", "1"},
      {"offsets.topic.replication.factor", "1"},
      {"offsets.topic.num.partitions", "4"},
      {"offsets.retention.minutes", "525600"},
      {"transaction.state.log.replication.factor", "1"},
      {"transaction.state.log.min.isr", "1"},
      {"transaction.state.log.num.partitions", "4"},
      {"share.coordinator.state.topic.replication.factor", "1"},
      {"share.coordinator.state.topic.min.isr", "1"},
      // A killed worker's transaction ends when its timeout is over, not up to ten seconds later.
      {"transaction.abort.timed.out.transaction.cleanup.interval.ms", "500"},
      {"transaction.max.timeout.ms", "900000"},
      {"group.initial.rebalance.delay.ms", "0"},
      {"group.min.session.timeout.ms", "1000"},
      {"log.retention.hours", "168"},
      {"log.segment.bytes", "134217728"},
      {"log.cleaner.dedupe.buffer.size", "16777216"},
      {"num.network.threads", "2"},
      {"num.io.threads", "4"},
      {"background.threads", "2"},
      {"controlled.shutdown.enable", "false"},
  };
  for (const auto& [name, value] : s.overrides) p[name] = value;
  return p;
}

Result<BrokerCommand> prepare(const BrokerSettings& settings) {
  BrokerSettings s = settings;
  std::error_code ec;
  fs::create_directories(s.data, ec);
  s.data = fs::absolute(s.data).string();
  if (ec || ::access(s.data.c_str(), W_OK) != 0) return permanent("directory " + s.data + " can't be written");
  std::string java = find_java();
  if (java.empty()) return permanent("no java in PATH or JAVA_HOME: install Java 17 (./dev setup)");
  const std::string kafka = deps_dir(s) + "/kafka-3.9.2";
  if (!fs::exists(kafka + "/libs")) return permanent("Kafka's jars are not in " + kafka + "/libs: run ./dev setup");

  if (s.port == 0) s.port = last_port(s.data, "broker");
  if (s.port == 0) s.port = free_port();
  uint16_t controller = last_port(s.data, "controller");
  while (controller == 0 || controller == s.port) controller = free_port();
  if (auto w = write_file(fs::path(s.data) / "ports", "broker " + std::to_string(s.port) + "\ncontroller " + std::to_string(controller) + "\n"); !w)
    return std::unexpected(w.error());

  std::string text;
  for (const auto& [name, value] : server_properties(s, controller)) text += name + "=" + value + "\n";
  std::string properties = s.data + "/server.properties";
  if (auto w = write_file(properties, text); !w) return std::unexpected(w.error());
  std::string log = s.data + "/broker.log";
  if (auto w = write_file(fs::path(s.data) / "log4j2.xml",
                          "<Configuration status=\"ERROR\"><Appenders>"
                          "<RollingFile name=\"F\" fileName=\"" +
                              log + "\" filePattern=\"" + log +
                              ".%i\">"
                              "<PatternLayout pattern=\"%d %p %m (%c)%n\"/><SizeBasedTriggeringPolicy size=\"20MB\"/>"
                              "<DefaultRolloverStrategy max=\"2\"/></RollingFile></Appenders>"
                              "<Loggers>"
                              "<Root level=\"WARN\"><AppenderRef ref=\"F\"/></Root></Loggers></Configuration>\n");
      !w)
    return std::unexpected(w.error());

  auto command = java_command(java, kafka, s.data, s.heap_mb);
  if (!fs::exists(s.data + "/log/meta.properties")) fs::copy(kafka + "/formatted", s.data + "/log", fs::copy_options::recursive, ec);  // if setup left one
  if (!fs::exists(s.data + "/log/meta.properties")) {
    auto format = java_command(java, kafka, s.data, 128);
    for (const char* a : {"kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", kClusterId, "-c"}) format.push_back(a);
    format.push_back(properties);
    std::string output = s.data + "/format.log";
    auto status = run(format, output);
    if (!status) return std::unexpected(status.error());
    if (*status != 0) return permanent("formatting Kafka's storage failed, see " + output, *status);
  }
  command.push_back("kafka.Kafka");
  command.push_back(properties);
  return BrokerCommand{command, s.host + ":" + std::to_string(s.port), s.port, log};
}

}  // namespace millrace::broker
