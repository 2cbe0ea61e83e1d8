#include "services/catalog/schema_versions.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "avro/column_mapping.h"
#include "avro/schema.h"
#include "clients/http/client.h"

namespace millrace::catalog {
namespace {

using nlohmann::json;

constexpr std::string_view kSuffix = "-value";

// Null: the registry has no such thing.
Result<json> get(const std::string& url) {
  http::Client client;
  http::Request request;
  request.url = url;
  auto response = client.send(request);
  if (!response) return std::unexpected(response.error());
  if (response->status == 404) return json();
  if (response->status != 200) return transient(url + " answers " + std::to_string(response->status) + ": " + response->body.substr(0, 300), response->status);
  auto parsed = json::parse(response->body, nullptr, false);
  if (parsed.is_discarded() || parsed.is_null()) return permanent(url + " doesn't answer in JSON: is it a schema registry?");
  return parsed;
}

}  // namespace

Result<std::vector<std::string>> SchemaVersions::topics() {
  const auto subjects = get(registry_ + "/subjects");
  if (!subjects) return std::unexpected(subjects.error());
  std::vector<std::string> out;
  for (const auto& subject : *subjects)
    if (const auto* name = subject.get_ptr<const std::string*>(); name && name->ends_with(kSuffix))
      out.push_back(name->substr(0, name->size() - kSuffix.size()));
  std::ranges::sort(out);
  return out;
}

Result<std::vector<rules::TopicVersion>> SchemaVersions::versions_of(const std::string& topic) {
  const std::string subject = topic + std::string(kSuffix);
  const auto numbers = get(registry_ + "/subjects/" + http::escape(subject) + "/versions");
  if (!numbers) return std::unexpected(numbers.error());
  std::vector<rules::TopicVersion> out;
  for (const auto& number : *numbers) {
    if (!number.is_number_integer()) continue;
    auto one = version(subject, number.get<int64_t>());
    if (!one) return std::unexpected(one.error());
    out.push_back(std::move(*one));
  }
  return out;
}

Result<rules::TopicVersion> SchemaVersions::version(const std::string& subject, int64_t number) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find({subject, number}); found != known_.end()) return found->second;
  }
  const std::string label = "version " + std::to_string(number), origin = "subject " + subject + ", " + label;
  const auto answer = get(registry_ + "/subjects/" + http::escape(subject) + "/versions/" + std::to_string(number));
  if (!answer) return std::unexpected(answer.error());
  const auto* text = answer->is_object() && answer->contains("schema") ? (*answer)["schema"].get_ptr<const std::string*>() : nullptr;
  if (!text) return transient(origin + " has no schema text: it may have been deleted just now");
  const auto schema = avro::Schema::parse(*text);
  if (!schema) return permanent(origin + ": " + schema.error().message);
  auto columns = avro::map_columns(**schema);
  if (!columns) return permanent(origin + ": " + columns.error().reason);
  auto bytes = avro::bytes_columns(**schema);
  if (!bytes) return permanent(origin + ": " + bytes.error().reason);
  rules::TopicVersion out{label, std::move(*columns), std::move(*bytes)};
  const std::lock_guard lock(mutex_);
  known_.emplace(std::pair(subject, number), out);
  return out;
}

}  // namespace millrace::catalog
