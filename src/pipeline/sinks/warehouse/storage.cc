#include "pipeline/sinks/warehouse/storage.h"

#include <algorithm>
#include <filesystem>

namespace millrace::pipeline {

std::optional<std::pair<std::string, std::string>> bucket_and_prefix(std::string_view url) {
  if (!url.starts_with("s3://")) return std::nullopt;
  url.remove_prefix(5);
  const size_t slash = std::min(url.find('/'), url.size());
  if (slash == 0) return std::nullopt;
  std::string_view prefix = url.substr(std::min(slash + 1, url.size()));
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return std::pair(std::string(url.substr(0, slash)), std::string(prefix));
}

std::string spool_folder(const StorageSettings& settings) {
  if (!settings.spool.empty()) return settings.spool;
  if (settings.bucket.bucket.empty()) return settings.directory;
  std::error_code none;
  const auto folder = std::filesystem::temp_directory_path(none);
  return none ? "/tmp" : folder.string();
}

std::string storage_name(const StorageSettings& settings) {
  if (settings.bucket.bucket.empty()) return settings.directory;
  return "s3://" + settings.bucket.bucket + (settings.prefix.empty() ? "" : "/") + settings.prefix;
}

Storage::Storage(const StorageSettings& settings) : kind_(LocalDirectory(settings.directory)) {
  if (!settings.bucket.bucket.empty()) kind_.emplace<BucketFolder>(settings.bucket, settings.prefix, spool_folder(settings));
}

}  // namespace millrace::pipeline
