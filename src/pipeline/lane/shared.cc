#include "pipeline/lane/shared.h"

#include "base/log.h"

namespace millrace::pipeline {

using Clock = std::chrono::steady_clock;

namespace {
constexpr std::chrono::seconds kLoadAgain{3}, kLoadAgainAfterFailure{30};  // a registry that hangs holds up the lane that asks it
}

Catalogs::Catalogs(std::vector<std::string> topics, SchemaCache& schemas) : topics_(std::move(topics)), schemas_(schemas) {}

Status Catalogs::load() {
  std::vector<std::string> subjects;
  for (const std::string& topic : topics_) subjects.push_back(topic + "-value");
  auto versions = schemas_.subjects(subjects);
  if (!versions) return std::unexpected(versions.error());
  auto states = reader_schemas_of(topics_, *versions);
  if (!states) return std::unexpected(states.error());
  std::lock_guard lock(mutex_);
  for (const ReaderSchemasPtr& schemas : *states) by_hash_.try_emplace(schemas->hash(), std::make_shared<const Catalog>(schemas));
  if (!latest_) latest_ = by_hash_.at(states->back()->hash());
  return {};
}

CatalogPtr Catalogs::latest() const {
  std::lock_guard lock(mutex_);
  return latest_;
}

CatalogPtr Catalogs::find(const Uuid& hash) const {
  std::lock_guard lock(mutex_);
  const auto at = by_hash_.find(hash);
  return at == by_hash_.end() ? nullptr : at->second;
}

CatalogPtr Catalogs::find_or_load(const Uuid& hash) {
  if (auto held = find(hash)) return held;
  {
    std::lock_guard lock(mutex_);
    if (Clock::now() < load_again_) return nullptr;
    load_again_ = Clock::now() + kLoadAgain;  // no other lane meanwhile
  }
  const auto loaded = load();
  if (!loaded) log::warn("{}", loaded.error().message);
  {
    std::lock_guard lock(mutex_);
    load_again_ = Clock::now() + (loaded ? kLoadAgain : kLoadAgainAfterFailure);
  }
  return find(hash);
}

Result<TopicId> TopicIds::find(const std::string& topic) {
  std::lock_guard lock(mutex_);
  auto described = admin_.describe({topic}, kafka::milliseconds(3000));
  if (!described) return std::unexpected(described.error());
  if (!described->front()) return std::unexpected(described->front().error());
  return described->front()->id;
}

}  // namespace millrace::pipeline
