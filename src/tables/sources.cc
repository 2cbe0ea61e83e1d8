#include "tables/sources.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "avro/column_mapping.h"
#include "avro/schema.h"
#include "clients/http/client.h"

namespace millrace::tables {
namespace {

Result<nlohmann::json> get(http::Client& client, const std::string& url) {
  http::Request request;
  request.url = url;
  auto response = client.send(request);
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return permanent(url + " answers " + std::to_string(response->status) + ": " + response->body.substr(0, 300), response->status);
  auto json = nlohmann::json::parse(response->body, nullptr, false);
  if (json.is_discarded()) return permanent(url + " doesn't answer in JSON: is it a schema registry?");
  return json;
}

// `topics`, or all that have a subject if there are none.
Result<std::vector<std::string>> topics_of_registry(http::Client& client, const std::string& url, const std::vector<std::string>& topics) {
  if (!topics.empty()) return topics;
  auto subjects = get(client, url + "/subjects");
  if (!subjects) return std::unexpected(subjects.error());
  std::vector<std::string> names;
  for (const auto& subject : *subjects)
    if (const auto* text = subject.get_ptr<const std::string*>(); text && text->ends_with("-value")) names.push_back(text->substr(0, text->size() - 6));
  std::ranges::sort(names);
  return names;
}

Result<TopicSchema> schema_of(http::Client& client, const std::string& url, const std::string& topic, const std::string& version) {
  auto answer = get(client, url + "/subjects/" + http::escape(topic + "-value") + "/versions/" + version);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->is_object() || !answer->contains("schema") || !(*answer)["schema"].is_string())
    return permanent("subject " + topic + "-value has no schema text");
  return TopicSchema{.topic = topic, .json = (*answer)["schema"].get<std::string>(), .origin = "subject " + topic + "-value"};
}

}  // namespace

Result<std::vector<TopicSchema>> schemas_of_directory(const std::string& directory, const std::vector<std::string>& topics) {
  std::vector<std::string> names = topics;
  std::error_code error;
  if (names.empty())
    for (const auto& entry : std::filesystem::directory_iterator(directory, error))
      if (entry.path().extension() == ".avsc") names.push_back(entry.path().stem().string());
  if (error) return permanent(directory + ": " + error.message());
  std::ranges::sort(names);
  std::vector<TopicSchema> schemas;
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name + ".avsc";
    std::ifstream file(path);
    if (!file) return permanent(path + " can't be read: the schema of a topic is in <topic>.avsc");
    std::ostringstream text;
    text << file.rdbuf();
    schemas.push_back({.topic = name, .json = text.str(), .origin = path});
  }
  return schemas;
}

Result<std::vector<TopicSchema>> schemas_of_registry(const std::string& url, const std::vector<std::string>& topics) {
  http::Client client;
  auto names = topics_of_registry(client, url, topics);
  if (!names) return std::unexpected(names.error());
  std::vector<TopicSchema> schemas;
  for (const std::string& name : *names) {
    auto schema = schema_of(client, url, name, "latest");
    if (!schema) return std::unexpected(schema.error());
    schemas.push_back(std::move(*schema));
  }
  return schemas;
}

Result<std::vector<TopicSchema>> versions_of_registry(const std::string& url, const std::vector<std::string>& topics) {
  http::Client client;
  auto names = topics_of_registry(client, url, topics);
  if (!names) return std::unexpected(names.error());
  std::vector<TopicSchema> schemas;
  for (const std::string& name : *names) {
    auto versions = get(client, url + "/subjects/" + http::escape(name + "-value") + "/versions");
    if (!versions) return std::unexpected(versions.error());
    for (const auto& version : *versions) {
      if (!version.is_number_integer()) return permanent("subject " + name + "-value has a version that is no number: is this a schema registry?");
      auto schema = schema_of(client, url, name, std::to_string(version.get<int>()));
      if (!schema) return std::unexpected(schema.error());
      schema->version = version.get<int>();
      schemas.push_back(std::move(*schema));
    }
  }
  return schemas;
}

Result<std::vector<columns::NamedType>> columns_of(const TopicSchema& schema) {
  const auto parsed = avro::Schema::parse(schema.json);
  if (!parsed) return permanent(schema.origin + ": " + parsed.error().message);
  auto columns = avro::map_columns(**parsed);
  if (!columns) return permanent(schema.origin + ": " + columns.error().reason);
  return std::move(*columns);
}

}  // namespace millrace::tables
