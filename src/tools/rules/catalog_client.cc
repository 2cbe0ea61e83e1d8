#include "tools/rules/catalog_client.h"

#include <nlohmann/json.hpp>

#include "rules/rule_set.h"

namespace millrace::rules_tools {
namespace {

using nlohmann::json;

std::string rules_path(const std::string& tenant) { return "/v1/tenants/" + (tenant == rules::kDefaultTenant ? "_default" : http::escape(tenant)) + "/rules"; }

std::string query_of(const ChangeNote& note, std::vector<std::pair<std::string, std::string>> more = {}) {
  more.emplace_back("author", note.author), more.emplace_back("comment", note.comment);
  if (note.dry_run) more.emplace_back("dry_run", "true");
  std::string query;
  for (const auto& [name, value] : more)
    if (!value.empty()) query += (query.empty() ? "?" : "&") + name + "=" + http::escape(value);
  return query;
}

CatalogError error_of(const std::string& url, const http::Response& response) {
  CatalogError error{response.status, {}, {}};
  const json body = json::parse(response.body, nullptr, false);
  if (!body.is_object() || !body.contains("message") || !body["message"].is_string()) {
    error.message = url + " answers " + std::to_string(response.status) + ", and not as the catalog does: " + response.body.substr(0, 300);
    return error;
  }
  error.message = body["message"].get<std::string>();
  for (const json& each : body.value("errors", json::array()))
    error.errors.push_back({{each.value("line", 0u), each.value("column", 0u)}, each.value("message", "")});
  return error;
}

// Takes an answer apart; what it can't find there makes it an answer that isn't the catalog's.
template <class Take>
auto read(const CatalogResult<http::Response>& response, const Take& take) -> CatalogResult<decltype(take(json()))> {
  if (!response) return std::unexpected(response.error());
  try {
    return take(json::parse(response->body));
  } catch (const json::exception& e) {
    return std::unexpected(CatalogError{response->status, std::string("the answer isn't one of the catalog: ") + e.what(), {}});
  }
}

std::string header(const http::Response& response, std::string_view name) {
  const std::string* value = response.header(name);
  return value ? *value : std::string();
}

}  // namespace

CatalogClient::CatalogClient(std::string url) : url_(std::move(url)) {
  while (url_.ends_with('/')) url_.pop_back();
  if (!url_.contains("://")) url_ = "http://" + url_;
}

CatalogResult<http::Response> CatalogClient::send(const std::string& method, const std::string& path, std::string_view body, http::Headers headers) {
  http::Request request;
  request.method = method, request.url = url_ + path, request.headers = std::move(headers), request.body = body;
  request.deadline = std::chrono::seconds(60);
  auto response = http_.send(request);
  if (!response) return std::unexpected(CatalogError{0, url_ + ": " + response.error().message, {}});
  if (response->status / 100 != 2) return std::unexpected(error_of(url_ + path, *response));
  return std::move(*response);
}

CatalogResult<std::vector<std::string>> CatalogClient::tenants() {
  return read(send("GET", "/v1/tenants"), [](const json& body) {
    std::vector<std::string> names;
    for (const json& each : body) names.push_back(each.at("tenant").get<std::string>());
    return names;
  });
}

CatalogResult<std::optional<CatalogRules>> CatalogClient::rules(const std::string& tenant) {
  auto response = send("GET", rules_path(tenant));
  if (!response && response.error().status == 404) return std::nullopt;
  if (!response) return std::unexpected(response.error());
  return CatalogRules{response->body, header(*response, "etag"), header(*response, "millrace-version")};
}

CatalogResult<std::vector<CatalogChange>> CatalogClient::history(const std::string& tenant) {
  return read(send("GET", rules_path(tenant) + "/versions"), [](const json& body) {
    std::vector<CatalogChange> changes;
    for (const json& each : body) {
      CatalogChange change;
      change.version = std::to_string(each.at("version").get<uint64_t>());
      change.kind = each.at("kind"), change.author = each.at("author"), change.comment = each.at("comment"), change.time_ms = each.at("time_ms");
      changes.push_back(std::move(change));
    }
    return changes;
  });
}

CatalogResult<CatalogOutcome> CatalogClient::change(const std::string& method, const std::string& path, std::string_view body, http::Headers headers) {
  auto response = send(method, path, body, std::move(headers));
  if (!response) return std::unexpected(response.error());
  const std::string etag = header(*response, "etag");
  return read(response,
              [&](const json& answer) { return CatalogOutcome{std::to_string(answer.at("version").get<uint64_t>()), etag, answer.at("changed").get<bool>()}; });
}

CatalogResult<CatalogOutcome> CatalogClient::put_rules(const std::string& tenant, std::string_view text, const OnlyIf& only_if, const ChangeNote& note) {
  http::Headers headers;
  if (!only_if.match.empty()) headers.emplace_back("If-Match", only_if.match);
  if (only_if.nothing) headers.emplace_back("If-None-Match", "*");
  return change("PUT", rules_path(tenant) + query_of(note), text, std::move(headers));
}

CatalogResult<CatalogOutcome> CatalogClient::roll_back(const std::string& tenant, const std::string& version, const ChangeNote& note) {
  return change("POST", rules_path(tenant) + "/rollback" + query_of(note, {{"to", version}}), {}, {});
}

CatalogResult<std::vector<CatalogTable>> CatalogClient::tables() {
  return read(send("GET", "/v1/tables"), [](const json& body) {
    std::vector<CatalogTable> tables;
    for (const json& each : body) {
      CatalogTable table{each.at("table"), each.at("key"), {}, std::to_string(each.at("version").get<uint64_t>()), each.at("rows")};
      for (const json& column : each.at("columns"))
        table.columns += (table.columns.empty() ? "" : ", ") + column.at("name").get<std::string>() + " " + column.at("type").get<std::string>();
      tables.push_back(std::move(table));
    }
    return tables;
  });
}

CatalogResult<CatalogOutcome> CatalogClient::put_table(const std::string& name, std::string_view csv, const std::string& key, const std::string& types,
                                                       const ChangeNote& note) {
  return change("PUT", "/v1/tables/" + http::escape(name) + query_of(note, {{"key", key}, {"types", types}}), csv, {{"Content-Type", "text/csv"}});
}

}  // namespace millrace::rules_tools
