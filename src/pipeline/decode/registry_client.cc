#include "pipeline/decode/registry_client.h"

#include <nlohmann/json.hpp>

namespace millrace::pipeline {

using nlohmann::json;

RegistryClient::RegistryClient(std::string url, std::chrono::milliseconds deadline) : url_(std::move(url)), deadline_(deadline) {
  while (url_.ends_with('/')) url_.pop_back();
}

Result<std::optional<std::string>> RegistryClient::get(const std::string& path) {
  http::Request request;
  request.url = url_ + path;
  request.headers = {{"Accept", "application/vnd.schemaregistry.v1+json, application/json"}};
  request.deadline = deadline_;
  request.connect_deadline = deadline_;
  auto response = http_.send(request);
  if (!response) return transient("schema registry " + request.url + ": " + response.error().message);
  if (response->status == 404) {
    // A proxy or another service says 404 too: only the registry's own words are an answer.
    const auto body = json::parse(response->body, nullptr, false);
    if (body.is_object() && body.value("error_code", 0) / 100 == 404) return std::nullopt;
    return transient("schema registry " + request.url + " answers 404, but not as a schema registry does: is the URL right?", 404);
  }
  if (response->status != 200) return transient("schema registry " + request.url + " answers " + std::to_string(response->status), response->status);
  return std::move(response->body);
}

Result<std::optional<std::string>> RegistryClient::schema(SchemaId id) {
  auto body = get("/schemas/ids/" + std::to_string(id.value));
  if (!body || !*body) return body;
  const auto answer = json::parse(**body, nullptr, false);
  if (!answer.is_object() || !answer.contains("schema") || !answer["schema"].is_string())
    return transient("schema registry " + url_ + ": the answer for id " + std::to_string(id.value) + " holds no schema");
  return answer["schema"].get<std::string>();
}

Result<std::vector<SubjectVersion>> RegistryClient::versions(const std::string& subject) {
  const std::string path = "/subjects/" + http::escape(subject) + "/versions";
  auto body = get(path);
  if (!body) return std::unexpected(body.error());
  std::vector<SubjectVersion> versions;
  if (!*body) return versions;
  const auto numbers = json::parse(**body, nullptr, false);
  if (!numbers.is_array()) return transient("schema registry " + url_ + path + ": the answer is no list");
  for (const auto& number : numbers) {
    if (!number.is_number_integer()) return transient("schema registry " + url_ + path + ": the answer is no list of numbers");
    auto one = get(path + "/" + std::to_string(number.get<int>()));
    if (!one) return std::unexpected(one.error());
    if (!*one) continue;  // deleted meanwhile
    const auto answer = json::parse(**one, nullptr, false);
    if (!answer.is_object() || !answer.contains("schema") || !answer.contains("id"))
      return transient("schema registry " + url_ + path + "/" + std::to_string(number.get<int>()) + ": the answer holds no schema");
    versions.push_back({number.get<int>(), SchemaId(answer["id"].get<int32_t>()), answer["schema"].get<std::string>()});
  }
  return versions;
}

Result<SchemaId> RegistryClient::register_schema(const std::string& subject, const std::string& text) {
  const std::string body = json{{"schema", text}}.dump();
  http::Request request;
  request.method = "POST";
  request.url = url_ + "/subjects/" + http::escape(subject) + "/versions";
  request.headers = {{"Content-Type", "application/vnd.schemaregistry.v1+json"}, {"Accept", "application/vnd.schemaregistry.v1+json, application/json"}};
  request.body = body;
  request.deadline = deadline_;
  request.connect_deadline = deadline_;
  auto response = http_.send(request);
  const std::string where = "schema registry " + request.url;
  if (!response) return transient(where + ": " + response.error().message);
  const auto answer = json::parse(response->body, nullptr, false);
  const std::string said = answer.is_object() && answer.contains("message") && answer["message"].is_string() ? ": " + answer["message"].get<std::string>() : "";
  if (response->status == 409 || response->status == 422) return permanent(where + " refuses the schema (" + std::to_string(response->status) + ")" + said);
  if (response->status != 200 || !answer.is_object() || !answer.contains("id") || !answer["id"].is_number_integer())
    return transient(where + " answers " + std::to_string(response->status) + said, response->status);
  return SchemaId(answer["id"].get<int32_t>());
}

}  // namespace millrace::pipeline
