#include "tools/audit/warehouse_store.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/scratch_directory.h"

namespace millrace::audit {
namespace {

namespace fs = std::filesystem;
constexpr const char* kManifests = "_manifest";
constexpr std::string_view kScheme = "s3://";

class Directory final : public WarehouseStore {
 public:
  explicit Directory(std::string root) : root_(std::move(root)) {}
  std::string name() const override { return root_; }
  Result<std::vector<std::string>> manifests() const override {
    std::vector<std::string> paths;
    std::error_code error;
    for (fs::directory_iterator at(root_ + "/" + kManifests, error), none; !error && at != none; at.increment(error))
      if (at->path().extension() == ".json") paths.push_back(std::string(kManifests) + "/" + at->path().filename().string());
    if (error && error != std::errc::no_such_file_or_directory) return permanent(root_ + "/" + kManifests + " can't be read: " + error.message());
    return paths;
  }
  Result<std::string> read(const std::string& path) const override {
    std::ifstream file(root_ + "/" + path);
    std::ostringstream text;
    if (!(text << file.rdbuf())) return permanent(root_ + "/" + path + " can't be read");
    return text.str();
  }
  Status with_file(const std::string& path, const std::function<Status(const std::string&)>& use) const override { return use(root_ + "/" + path); }

 private:
  std::string root_;
};

// Each call has a client of its own: a Bucket is for one thread.
class InBucket final : public WarehouseStore {
 public:
  InBucket(object_store::BucketSettings settings, std::string prefix) : settings_(std::move(settings)), prefix_(std::move(prefix)) {}
  std::string name() const override { return std::string(kScheme) + settings_.bucket + "/" + prefix_; }
  Result<std::vector<std::string>> manifests() const override {
    object_store::Bucket bucket(settings_);
    std::vector<std::string> paths;
    for (std::string after;;) {
      auto keys = bucket.keys(prefix_ + kManifests + "/", after);
      if (!keys) return std::unexpected(keys.error());
      if (keys->empty()) return paths;
      after = keys->back();
      for (const std::string& key : *keys)
        if (key.ends_with(".json")) paths.push_back(key.substr(prefix_.size()));
    }
  }
  Result<std::string> read(const std::string& path) const override {
    auto text = object_store::Bucket(settings_).get(prefix_ + path);
    if (!text) return std::unexpected(text.error());
    if (!*text) return permanent(name() + path + " isn't there");
    return std::move(**text);
  }
  Status with_file(const std::string& path, const std::function<Status(const std::string&)>& use) const override {
    const std::string local = fetched_ / std::to_string(number_++);
    std::ofstream file(local, std::ios::binary);
    auto there = object_store::Bucket(settings_).get(
        prefix_ + path, [&](std::string_view bytes) { return static_cast<bool>(file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))); });
    file.close();
    if (there && !*there) return permanent(name() + path + " isn't there");
    if (there && !file) return permanent(local + ": can't be written: is the disk full?");
    Status used = there ? use(local) : Status(std::unexpected(there.error()));
    std::error_code ignored;
    fs::remove(local, ignored);
    return used;
  }

 private:
  object_store::BucketSettings settings_;
  std::string prefix_;  // "", or ends in /
  ScratchDirectory fetched_;
  mutable std::atomic<unsigned> number_ = 0;
};

}  // namespace

Result<std::unique_ptr<WarehouseStore>> open_store(const std::string& root, object_store::BucketSettings bucket) {
  if (!root.starts_with(kScheme)) {
    std::error_code error;
    if (!fs::is_directory(root, error)) return permanent(root + " is no directory");
    return std::make_unique<Directory>(root);
  }
  const auto at = object_store::bucket_and_prefix(root);
  if (!at) return permanent(root + " names no bucket: s3://BUCKET/PREFIX");
  bucket.bucket = at->first;
  return std::make_unique<InBucket>(std::move(bucket), at->second.empty() ? "" : at->second + "/");
}

}  // namespace millrace::audit
