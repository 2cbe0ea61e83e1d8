#include "tools/loadgen/topic_contract.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>
#include <string_view>
#include <utility>

namespace millrace::loadgen {

// Made by CMake from contracts/: {path, text} pairs, ended by {"", ""}.
extern const std::pair<std::string_view, std::string_view> kContracts[];

namespace {

constexpr std::pair<std::string_view, TopicRole> kRoles[] = {
    {"events", TopicRole::kEvents}, {"dead_letters", TopicRole::kDeadLetters}, {"alerts", TopicRole::kAlerts}, {"bench", TopicRole::kBench}};

using ReadFile = std::function<Result<std::string>(const std::string& path)>;

Result<std::vector<TopicContract>> parse(const ReadFile& read) {
  auto text = read("topics.yaml");
  if (!text) return std::unexpected(text.error());
  std::vector<TopicContract> topics;
  try {
    const YAML::Node root = YAML::Load(*text);
    const YAML::Node defaults = root["defaults"];
    for (const YAML::Node& node : root["topics"]) {
      const auto number = [&](const char* key, int otherwise) {
        return node[key] ? node[key].as<int>() : defaults && defaults[key] ? defaults[key].as<int>() : otherwise;
      };
      TopicContract topic;
      topic.name = node["name"].as<std::string>();
      const auto role = node["role"].as<std::string>("events");
      const auto known = std::ranges::find(kRoles, role, &std::pair<std::string_view, TopicRole>::first);
      if (known == std::end(kRoles)) return permanent("topics.yaml: " + topic.name + ": role " + role + " is none of events, dead_letters, alerts, bench");
      topic.role = known->second;
      topic.partitions = number("partitions", 1);
      topic.replication = number("replication", -1);
      topic.retention_days = number("retention_days", 7);
      topic.max_message_bytes = number("max_message_bytes", 0);
      if (node["schema"]) {
        auto schema = read(node["schema"].as<std::string>());
        if (!schema) return std::unexpected(schema.error());
        topic.schema = std::move(*schema);
      }
      topics.push_back(std::move(topic));
    }
  } catch (const YAML::Exception& error) {
    return permanent(std::string("topics.yaml: ") + error.what());
  }
  return topics;
}

}  // namespace

Result<std::vector<TopicContract>> builtin_topics() {
  return parse([](const std::string& path) -> Result<std::string> {
    for (const auto* file = kContracts; !file->first.empty(); ++file)
      if (file->first == path) return std::string(file->second);
    return permanent("topics.yaml names " + path + ", which isn't in contracts/");
  });
}

Result<std::vector<TopicContract>> read_topics(const std::string& directory) {
  return parse([&](const std::string& path) -> Result<std::string> {
    std::ifstream file(directory + "/" + path);
    if (!file) return permanent(directory + "/" + path + ": can't be read");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  });
}

}  // namespace millrace::loadgen
