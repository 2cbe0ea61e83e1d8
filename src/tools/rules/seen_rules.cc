#include "tools/rules/seen_rules.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace millrace::rules_tools {
namespace {

using nlohmann::ordered_json;

ordered_json read(const std::string& path) {
  std::ifstream file(path);
  ordered_json all = ordered_json::parse(file, nullptr, false);
  return all.is_object() ? all : ordered_json::object();
}

}  // namespace

SeenRules::SeenRules(const std::string& directory, std::string catalog_url)
    : path_((std::filesystem::path(directory.empty() ? "." : directory) / kFileName).string()), url_(std::move(catalog_url)) {}

std::optional<std::string> SeenRules::etag(const std::string& tenant) const {
  const ordered_json all = read(path_);
  const auto at = ordered_json::json_pointer() / url_ / tenant / "etag";
  if (!all.contains(at) || !all[at].is_string()) return std::nullopt;
  return all[at].get<std::string>();
}

Status SeenRules::saw(const std::string& tenant, const std::string& etag, const std::string& version) {
  ordered_json all = read(path_);
  if (!all[url_].is_object()) all[url_] = ordered_json::object();
  all[url_][tenant] = {{"etag", etag}, {"version", version}};
  const std::string other = path_ + ".tmp";
  {
    std::ofstream file(other);
    file << all.dump(2) << '\n';
    if (!file.flush()) return permanent(other + " can't be written");
  }
  std::error_code error;
  std::filesystem::rename(other, path_, error);
  if (error) return permanent(path_ + ": " + error.message());
  return {};
}

}  // namespace millrace::rules_tools
