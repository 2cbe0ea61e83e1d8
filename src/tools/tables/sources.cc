#include "tools/tables/sources.h"

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
    schemas.push_back({name, text.str(), path});
  }
  return schemas;
}

Result<std::vector<TopicSchema>> schemas_of_registry(const std::string& url, const std::vector<std::string>& topics) {
  http::Client client;
  std::vector<std::string> names = topics;
  if (names.empty()) {
    auto subjects = get(client, url + "/subjects");
    if (!subjects) return std::unexpected(subjects.error());
    for (const auto& subject : *subjects)
      if (const auto* text = subject.get_ptr<const std::string*>(); text && text->ends_with("-value")) names.push_back(text->substr(0, text->size() - 6));
    std::ranges::sort(names);
  }
  std::vector<TopicSchema> schemas;
  for (const std::string& name : names) {
    auto version = get(client, url + "/subjects/" + http::escape(name + "-value") + "/versions/latest");
    if (!version) return std::unexpected(version.error());
    if (!version->is_object() || !version->contains("schema") || !(*version)["schema"].is_string())
      return permanent("subject " + name + "-value has no schema text");
    schemas.push_back({name, (*version)["schema"].get<std::string>(), "subject " + name + "-value"});
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
