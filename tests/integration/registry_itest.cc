// `millrace registry` as a process, against the real broker.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/scratch_directory.h"
#include "clients/http/client.h"
#include "clients/kafka/idempotent_producer.h"
#include "integration/broker_fixture.h"

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

BrokerFixture& broker() { return BrokerFixture::shared(); }

struct Reply {
  int status = 0;  // 0: no answer
  json body;
  int code() const { return body.is_object() ? body.value("error_code", 0) : 0; }
};

// A registry process on a free port, its output in a file. It dies with the test program.
class RegistryProcess {
 public:
  RegistryProcess(const BrokerFixture& kafka, const std::string& topic, std::vector<std::string> options = {}) {
    arguments_ = {MILLRACE_BINARY, "registry", "--brokers", kafka.address(), "--topic", topic};
    arguments_.insert(arguments_.end(), options.begin(), options.end());
    start();
  }
  ~RegistryProcess() {
    if (pid_ > 0) end(SIGKILL);
  }
  void start() {
    ::unlink((directory_ / "out").c_str());
    std::vector<char*> argv;
    for (auto& a : arguments_) argv.push_back(a.data());
    argv.push_back(nullptr);
    const std::string out = directory_ / "out", err = directory_ / "err";
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 1);
      ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 2);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    std::string url;
    for (auto until = Clock::now() + 60s; url.empty() && Clock::now() < until; std::this_thread::sleep_for(5ms)) {
      MILLRACE_CHECK(::waitpid(pid_, nullptr, WNOHANG) == 0, "the registry ended: " + log());
      std::ifstream file(out);
      std::string line;
      if (std::getline(file, line) && !file.eof() && line.starts_with("listening on ")) url = "http://" + line.substr(13);
    }
    MILLRACE_CHECK(!url.empty(), "the registry isn't ready: " + log());
    const std::lock_guard lock(mutex_);
    url_ = url;
  }
  int end(int signal) {  // the wait status
    int status = 0;
    ::kill(pid_, signal);
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  std::string log() const {
    std::ifstream file(directory_ / "err");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Reply call(const std::string& method, const std::string& path, const json& body = {}) const {
    http::Client client;
    const std::string text = body.is_null() ? "" : body.dump();
    http::Request request;
    request.method = method;
    {
      const std::lock_guard lock(mutex_);
      request.url = url_ + path;
    }
    request.body = text;
    request.deadline = 30s;
    auto response = client.send(request);
    if (!response) return {};
    return {response->status, json::parse(response->body, nullptr, false)};
  }
  Reply get(const std::string& path) const { return call("GET", path); }
  Reply post(const std::string& subject, const std::string& schema) const { return call("POST", "/subjects/" + subject + "/versions", {{"schema", schema}}); }
  // Everything that its readers can ask for.
  json everything() const {
    json all;
    for (const auto& subject : get("/subjects").body)
      for (const auto& version : get("/subjects/" + subject.get<std::string>() + "/versions").body)
        all.push_back(get("/subjects/" + subject.get<std::string>() + "/versions/" + version.dump()).body);
    return all;
  }

 private:
  std::vector<std::string> arguments_;
  ScratchDirectory directory_;
  mutable std::mutex mutex_;
  std::string url_;  // another one after every start
  pid_t pid_ = -1;
};

std::string record_schema(int number) { return R"({"type":"record","name":"R)" + std::to_string(number) + R"(","fields":[{"name":"f","type":"long"}]})"; }

// What was acknowledged, from any number of threads: a schema has one id, and an id one schema, or it is a failure.
class Acknowledged {
 public:
  void add(int schema, int id) {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(ids_.try_emplace(schema, id).first->second, id) << "schema " << schema << " has two ids";
    EXPECT_EQ(schemas_.try_emplace(id, schema).first->second, schema) << "id " << id << " was given twice";
  }
  std::map<int, int> ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<int, int> ids_, schemas_;
};

void expect_kept(const RegistryProcess& registry, const std::map<int, int>& ids) {
  for (const auto& [schema, id] : ids) EXPECT_EQ(registry.get("/schemas/ids/" + std::to_string(id)).body.value("schema", ""), record_schema(schema));
}

TEST(Registry, TwoThatWriteAtOnceGiveNoIdTwiceAndNoSchemaTwoIds) {
  constexpr int kSchemas = 40;
  const auto topic = broker().unique("schemas");
  RegistryProcess a(broker(), topic), b(broker(), topic);
  ASSERT_EQ(a.call("PUT", "/config", {{"compatibility", "NONE"}}).status, 200);
  Acknowledged acknowledged;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)  // all write the same schemas, in orders of their own
    threads.emplace_back([&, t] {
      for (int i = 0; i < kSchemas; ++i) {
        const int schema = (i * 7 + t * 3) % kSchemas;
        Reply reply;
        for (int attempt = 0; attempt < 20 && reply.status != 200; ++attempt)
          reply = (t % 2 ? a : b).post(t < 2 ? "hot" : "of-" + std::to_string(schema), record_schema(schema));
        ASSERT_EQ(reply.status, 200) << reply.body;
        acknowledged.add(schema, reply.body["id"].get<int>());
      }
    });
  for (auto& thread : threads) thread.join();
  const auto ids = acknowledged.ids();
  std::set<int> given;
  for (const auto& [schema, id] : ids) given.insert(id);
  EXPECT_EQ(given.size(), size_t{kSchemas});
  EXPECT_EQ(*given.rbegin(), kSchemas) << "ids are given in order, without gaps";
  EXPECT_EQ(a.get("/subjects/hot/versions").body.size(), size_t{kSchemas});
  expect_kept(a, ids), expect_kept(b, ids);
  EXPECT_EQ(a.everything(), b.everything());
}

TEST(Registry, KilledInTheMiddleOfWritesKeepsWhatItAcknowledged) {
  const auto topic = broker().unique("schemas");
  RegistryProcess killed(broker(), topic), other(broker(), topic);
  Acknowledged acknowledged;
  std::atomic<int> next{0}, answered{0};
  std::atomic<bool> done{false};
  auto write = [&](RegistryProcess& registry) {
    while (!done) {
      const int schema = next++ / 2;  // each by two writers
      for (Reply reply; !done && reply.status != 200;) {
        reply = registry.post("s-" + std::to_string(schema), record_schema(schema));
        if (reply.status == 200)
          acknowledged.add(schema, reply.body["id"].get<int>()), ++answered;
        else
          std::this_thread::sleep_for(5ms);
      }
    }
  };
  std::vector<std::thread> threads;
  threads.emplace_back([&] { write(killed); });
  threads.emplace_back([&] { write(killed); });
  threads.emplace_back([&] { write(other); });
  for (int round = 0; round < 4; ++round) {
    const int before = answered;
    for (auto until = Clock::now() + 30s; answered < before + 15 && Clock::now() < until;) std::this_thread::sleep_for(1ms);
    ASSERT_GE(answered, before + 15);
    killed.end(SIGKILL);  // with requests under way: they end without an answer
    killed.start();
  }
  done = true;
  for (auto& thread : threads) thread.join();
  const auto ids = acknowledged.ids();
  expect_kept(killed, ids), expect_kept(other, ids);
  EXPECT_EQ(killed.everything(), other.everything());
}

TEST(Registry, AnswersTheSameAfterARestartAndEndsWithinTwoSeconds) {
  RegistryProcess registry(broker(), broker().unique("schemas"));
  ASSERT_EQ(registry.post("a%2Fb", R"("string")").body["id"], 1);
  ASSERT_EQ(registry.post("c", R"("int")").body["id"], 2);
  ASSERT_EQ(registry.post("c", R"("long")").body["id"], 3);
  ASSERT_EQ(registry.call("PUT", "/config/c", {{"compatibility", "FULL"}}).status, 200);
  EXPECT_EQ(registry.get("/subjects").body, json({"a/b", "c"}));
  const auto before = registry.get("/subjects/c/versions/latest").body;
  EXPECT_EQ(before, json({{"subject", "c"}, {"version", 2}, {"id", 3}, {"schema", R"("long")"}}));
  const auto begin = Clock::now();
  const int status = registry.end(SIGTERM);
  EXPECT_LT(Clock::now() - begin, 2s);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  registry.start();
  EXPECT_EQ(registry.get("/subjects/c/versions/latest").body, before);
  EXPECT_EQ(registry.get("/config/c").body, json({{"compatibilityLevel", "FULL"}}));
  EXPECT_EQ(registry.get("/subjects").body, json({"a/b", "c"}));
  EXPECT_EQ(registry.post("c", R"("double")").code(), 409) << "double can read long, but not the other way round";
  EXPECT_EQ(registry.post("d", R"("double")").body["id"], 4);
}

TEST(Registry, WithoutTheBrokerReadsGoOnWritesAnswerAnErrorAndNothingIsLost) {
  BrokerFixture own;
  RegistryProcess registry(own, "_schemas");
  ASSERT_EQ(registry.post("s", R"("int")").body["id"], 1);
  own.stop();
  EXPECT_EQ(registry.get("/schemas/ids/1").body, json({{"schema", R"("int")"}}));
  EXPECT_EQ(registry.post("s", R"("int")").body["id"], 1) << "what is registered needs no broker";
  const auto refused = registry.post("s", R"("long")");
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(refused.code(), 50002) << refused.body;
  EXPECT_EQ(registry.get("/subjects/s/versions").body, json({1}));
  own.start();
  Reply again;
  for (auto until = Clock::now() + 60s; again.status != 200 && Clock::now() < until;) again = registry.post("s", R"("long")");
  EXPECT_EQ(again.body, json({{"id", 2}}));
  EXPECT_EQ(registry.get("/subjects/s/versions").body, json({1, 2}));
  own.stop();
  const auto begin = Clock::now();
  const int status = registry.end(SIGTERM);
  EXPECT_LT(Clock::now() - begin, 2s);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(Registry, TopicOfConfluentsRegistryIsReadAndLeftAloneWithReadOnly) {
  const auto topic = broker().make_topic("foreign");  // cleanup.policy=delete: not ours to judge
  kafka::IdempotentSettings settings;
  settings.kafka = broker().properties();
  auto producer = kafka::IdempotentProducer::create(settings);
  const std::vector<std::pair<std::string, std::string>> records = {
      {R"({"keytype":"NOOP","magic":0})", ""},
      {R"({"keytype":"CONFIG","subject":null,"magic":0})", R"({"compatibilityLevel":"FULL"})"},
      {R"({"keytype":"CONTEXT","tenant":"default","context":".","magic":0})", R"({"tenant":"default","context":"."})"},
      {R"({"keytype":"SCHEMA","subject":"Hippopotamus","version":1,"magic":1})",
       R"({"subject":"Hippopotamus","version":1,"id":25,"schema":"{\"type\":\"record\",\"name\":\"Hippopotamus\",\"fields\":[]}","deleted":false})"},
      {R"({"keytype":"SCHEMA","subject":"Hippopotamus","version":2,"magic":1})",
       R"({"subject":"Hippopotamus","version":2,"id":35,"schemaType":"JSON","schema":"{}","deleted":false})"},
  };
  for (const auto& [key, value] : records) {
    kafka::OutgoingRecord record{.topic = topic, .partition = PartitionId(0), .key = key, .value = value};
    record.null_value = value.empty();
    ASSERT_TRUE(producer->produce(record));
  }
  ASSERT_TRUE(producer->flush(10s));
  RegistryProcess registry(broker(), topic, {"--read-only"});
  EXPECT_EQ(registry.get("/config").body["compatibilityLevel"], "FULL");
  EXPECT_EQ(registry.get("/schemas/ids/25").body, json({{"schema", R"({"type":"record","name":"Hippopotamus","fields":[]})"}}));
  EXPECT_EQ(registry.get("/schemas/ids/35").body, json({{"schemaType", "JSON"}, {"schema", "{}"}}));
  EXPECT_EQ(registry.get("/mode").body["mode"], "READONLY");
  const auto refused = registry.post("other", R"("int")");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.code(), 42205);
  EXPECT_THAT(registry.log(), testing::HasSubstr("unknown keytype CONTEXT"));
}

}  // namespace
}  // namespace millrace::test
