#include "tools/loadgen/setup.h"

#include <nlohmann/json.hpp>

#include <thread>

#include "base/log.h"
#include "clients/http/client.h"
#include "clients/kafka/admin.h"

namespace millrace::loadgen {
namespace {

using Clock = std::chrono::steady_clock;

// Calls `attempt` until it gives anything but a transient error or an unknown outcome (both acts are idempotent).
template <class Attempt>
auto with_patience(std::chrono::seconds patience, const std::atomic<bool>& stop, Attempt attempt) {
  const auto give_up = Clock::now() + patience;
  for (bool said = false;; said = true) {
    auto result = attempt();
    if (result || result.error().retry == Retry::kPermanent || Clock::now() >= give_up || stop) return result;
    if (!said) log::info("waiting: {}", result.error().message);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

Result<SchemaId> post_schema(http::Client& client, const std::string& registry_url, const TopicContract& topic) {
  const std::string body = nlohmann::json{{"schema", topic.schema}}.dump();
  http::Request request;
  request.method = "POST";
  request.url = registry_url + "/subjects/" + http::escape(topic.name + "-value") + "/versions";
  request.headers = {{"Content-Type", "application/vnd.schemaregistry.v1+json"}};
  request.body = body;
  auto response = client.send(request);
  if (!response) return std::unexpected(response.error());
  const std::string where = "registry " + registry_url + ", subject " + topic.name + "-value: ";
  if (response->status / 100 == 5) return transient(where + "status " + std::to_string(response->status) + ": " + response->body);
  const auto answer = nlohmann::json::parse(response->body, nullptr, false);
  if (response->status != 200 || !answer.is_object() || !answer.contains("id"))
    return permanent(where + "status " + std::to_string(response->status) + ": " + response->body);
  return SchemaId(answer["id"].get<int32_t>());
}

}  // namespace

Status create_topics(const kafka::KafkaProperties& properties, const std::vector<TopicContract>& topics, std::chrono::seconds patience,
                     const std::atomic<bool>& stop) {
  auto admin = kafka::Admin::create(properties);
  if (!admin) return std::unexpected(admin.error());
  for (const TopicContract& topic : topics) {
    kafka::NewTopic wanted;
    wanted.name = topic.name;
    wanted.partitions = topic.partitions;
    wanted.replication = topic.replication;
    wanted.configs["retention.ms"] = std::to_string(int64_t{topic.retention_days} * 86'400'000);
    if (topic.max_message_bytes > 0) wanted.configs["max.message.bytes"] = std::to_string(topic.max_message_bytes);
    auto created = with_patience(patience, stop, [&] { return admin->create_topic(wanted); });
    if (!created) return std::unexpected(created.error());
    if (*created == kafka::Created::kNew) log::info("topic {} made, {} partitions", topic.name, topic.partitions);
  }
  return {};
}

Result<SchemaId> register_schema(const std::string& registry_url, const TopicContract& topic, std::chrono::seconds patience, const std::atomic<bool>& stop) {
  http::Client client;
  return with_patience(patience, stop, [&] { return post_schema(client, registry_url, topic); });
}

}  // namespace millrace::loadgen
