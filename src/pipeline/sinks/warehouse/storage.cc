#include "pipeline/sinks/warehouse/storage.h"

#include <filesystem>

namespace millrace::pipeline {

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
