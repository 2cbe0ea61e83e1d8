#include "pipeline/decode/schema_cache_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/log.h"

namespace millrace::pipeline {

using nlohmann::json;

RememberedSchemas read_schema_file(const std::string& path) {
  RememberedSchemas remembered;
  std::ifstream file(path);
  if (!file) return remembered;
  const json all = json::parse(file, nullptr, false);
  try {
    for (const auto& [id, text] : all.at("schemas").items()) remembered.schemas[std::stoi(id)] = text.get<std::string>();
    for (const auto& [subject, versions] : all.at("subjects").items())
      for (const auto& v : versions) {
        const int32_t id = v.at("id").get<int32_t>();
        remembered.subjects[subject].push_back({v.at("version").get<int>(), SchemaId(id), remembered.schemas.at(id)});
      }
  } catch (const std::exception& e) {
    log::warn("{} is damaged ({}): schemas are asked of the registry again", path, e.what());
    return {};
  }
  return remembered;
}

Status write_schema_file(const std::string& path, const RememberedSchemas& remembered) {
  json all{{"schemas", json::object()}, {"subjects", json::object()}};
  for (const auto& [id, text] : remembered.schemas) all["schemas"][std::to_string(id)] = text;
  for (const auto& [subject, versions] : remembered.subjects) {
    json list = json::array();
    for (const SubjectVersion& v : versions) {
      list.push_back({{"version", v.version}, {"id", v.id.value}});
      all["schemas"][std::to_string(v.id.value)] = v.schema;
    }
    all["subjects"][subject] = std::move(list);
  }
  std::error_code error;
  if (const auto folder = std::filesystem::path(path).parent_path(); !folder.empty()) std::filesystem::create_directories(folder, error);
  const std::string part = path + "." + std::to_string(getpid());
  {
    std::ofstream file(part, std::ios::trunc);
    file << all.dump(1) << '\n';
    if (!file.flush()) return transient(part + " can't be written: " + std::strerror(errno));
  }
  std::filesystem::rename(part, path, error);
  if (error) return transient(path + " can't be written: " + error.message());
  return {};
}

}  // namespace millrace::pipeline
