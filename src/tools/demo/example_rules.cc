#include "tools/demo/example_rules.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string_view>
#include <utility>

#include "clients/http/client.h"

namespace millrace::demo {

// Made by CMake from contracts/rules: {file name, text} pairs, ended by {"", ""}.
extern const std::pair<std::string_view, std::string_view> kExamples[];

namespace {

Status put(const std::string& url, std::string_view text) {
  http::Client client;
  http::Request request;
  request.method = "PUT";
  request.url = url;
  request.body = text;
  request.deadline = std::chrono::seconds(30);
  auto response = client.send(request);
  if (!response) return std::unexpected(response.error());
  if (response->status / 100 != 2) return permanent("PUT " + url + " is answered with " + std::to_string(response->status) + ": " + response->body);
  return {};
}

// The value behind "tenant:".
std::string tenant_of(std::string_view text) {
  const size_t at = text.find("\ntenant:");
  std::string_view line = text.substr(at + 8, text.find('\n', at + 8) - at - 8);
  std::string tenant;
  for (const char c : line)
    if (c != ' ' && c != '"' && c != '\'') tenant += c;
  return tenant;
}

}  // namespace

Status publish_example_rules(const std::string& catalog_url) {
  http::Client client;
  http::Request request;
  request.url = catalog_url + "/v1/catalog";
  request.deadline = std::chrono::seconds(10);
  auto response = client.send(request);
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return permanent(request.url + " is answered with " + std::to_string(response->status) + ": " + response->body);
  if (nlohmann::json::parse(response->body).at("version").get<uint64_t>() > 0) return {};
  const std::string who = "author=demo&comment=example";
  for (const bool tables : {true, false})  // rules look things up in tables
    for (const auto* example = kExamples; !example->first.empty(); ++example) {
      const auto& [name, text] = *example;
      if (name.ends_with(".csv") != tables) continue;
      const std::string url = tables ? catalog_url + "/v1/tables/" + std::string(name.substr(0, name.size() - 4)) + "?" + who
                                     : catalog_url + "/v1/tenants/" + http::escape(tenant_of(text)) + "/rules?" + who;
      if (auto done = put(url, text); !done) return done;
    }
  return {};
}

Status make_pseudonym_key(const std::string& file) {
  if (std::filesystem::exists(file)) return {};
  std::random_device random;
  std::string key;
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 0; i < 64; ++i) key += kDigits[random() % 16];
  const mode_t before = umask(0077);
  std::ofstream out(file);
  out << key << '\n';
  out.close();
  umask(before);
  return out ? Status() : permanent(file + " can't be written");
}

}  // namespace millrace::demo
