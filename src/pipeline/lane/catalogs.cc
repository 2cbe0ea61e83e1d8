#include "pipeline/lane/catalogs.h"

#include <algorithm>

#include "base/log.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;

namespace {

constexpr std::chrono::seconds kLoadAgain{3}, kLoadAgainAfterFailure{30};  // a registry that hangs holds up the lane that asks it
constexpr std::chrono::seconds kTryAgain{10};
constexpr milliseconds kLook{25};  // how late a new version is noticed
constexpr milliseconds kCurrent{2000};
constexpr size_t kHeld = 16;

}  // namespace

Catalogs::Catalogs(std::vector<std::string> topics, RuleSettings rules, const kafka::KafkaProperties& kafka, SchemaCache& schemas, metrics::Registry& metrics)
    : topics_(std::move(topics)),
      rules_(std::move(rules)),
      schemas_(schemas),
      version_(metrics.gauge("millrace_catalog_version")),
      refused_(metrics.gauge("millrace_catalog_refused")),
      compile_seconds_(metrics.histogram("millrace_catalog_compile_seconds")) {
  if (rules_.catalog_topic.empty()) return;
  topic_store::StoreSettings settings;
  settings.kafka = kafka;
  settings.topic = rules_.catalog_topic;
  settings.read_only = true;
  store_ = std::make_unique<Store>(settings);
  store_->start();
}

Catalogs::~Catalogs() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// ---- loading

Status Catalogs::load_schemas() {
  std::vector<std::string> subjects;
  for (const std::string& topic : topics_) subjects.push_back(topic + "-value");
  auto versions = schemas_.subjects(subjects);
  if (!versions) return std::unexpected(versions.error());
  auto states = reader_schemas_of(topics_, *versions);
  if (!states) return std::unexpected(states.error());
  const std::lock_guard lock(mutex_);
  for (ReaderSchemasPtr& state : *states) {
    const auto known = std::ranges::find(states_, state->hash(), [](const auto& each) { return each->hash(); });
    if (known != states_.end()) state = *known;  // its programs are compiled already
  }
  states_ = std::move(*states);
  if (!current_) current_ = states_.back();
  return {};
}

Status Catalogs::load() {
  const std::lock_guard loading(loading_);
  if (auto loaded = load_schemas(); !loaded) return loaded;
  if (store_) {
    const auto current = store_->wait_current(kCurrent);
    if (!current) return std::unexpected(current.error());
    if (!*current) return transient("topic " + rules_.catalog_topic + " isn't read to its end yet");
  }
  if (auto taken = take_up(newest()); !taken) return transient(taken.error().message);
  if (store_ && !thread_.joinable()) thread_ = std::thread([this] { run(); });
  return {};
}

void Catalogs::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kLook, [this] { return stopping_; })) {
    lock.unlock();
    {
      const std::lock_guard loading(loading_);
      const uint64_t version = newest();
      if (version != tried_ || Clock::now() >= try_again_) {
        const auto taken = take_up(version);
        // Newer schemas may come, or a registry that was out.
        try_again_ = taken ? Clock::time_point::max() : Clock::now() + kTryAgain;
        if (!taken) log::error("version {} of the catalog isn't taken up, the one before stays in use: {}", version, taken.error().message);
      }
    }
    lock.lock();
  }
}

// loading_ is held.
Status Catalogs::take_up(uint64_t version) {
  tried_ = version;
  const auto begin = Clock::now();
  const ContentsPtr contents = this->contents(version);
  if (!contents) return transient("topic " + rules_.catalog_topic + " doesn't have all of version " + std::to_string(version));
  const auto state = [this](bool newest) {
    const std::lock_guard lock(mutex_);
    return newest ? states_.back() : current_;
  };
  if (!compiler_) compiler_ = std::make_unique<RuleBookCompiler>(rules_, state(false));
  auto made = make(state(false), contents, *compiler_);
  if (!made && load_schemas() && state(true) != state(false)) {  // they may be about fields of newer schemas
    auto compiler = std::make_unique<RuleBookCompiler>(rules_, state(true));
    if (auto newer = make(state(true), contents, *compiler)) {
      made = std::move(newer), compiler_ = std::move(compiler);
      const std::lock_guard lock(mutex_);
      current_ = states_.back();
    }
  }
  refused_.set(made ? 0 : 1);
  if (!made) return std::unexpected(made.error());
  hold(*made);
  compile_seconds_.observe(std::chrono::duration<double>(Clock::now() - begin).count());
  version_.set(static_cast<double>(version));
  if (store_) log::info("catalog version {} is in use: {} tenants' rules, {} tables", version, contents->tenants.size(), contents->tables.size());
  const std::lock_guard lock(mutex_);
  latest_ = std::move(*made);
  return {};
}

Result<CatalogPtr> Catalogs::make(const ReaderSchemasPtr& schemas, const ContentsPtr& contents, RuleBookCompiler& compiler) const {
  auto book = compiler.compile(*contents);
  if (!book) return std::unexpected(book.error());
  return std::make_shared<const Catalog>(schemas, std::move(*book), catalog_hash(*schemas, contents->hash, rules_));
}

uint64_t Catalogs::newest() const {
  if (!store_) return 0;
  return store_->read([](const catalog_topic::CatalogState& state) { return state.latest(); });
}

std::vector<Catalogs::Version> Catalogs::versions() const {
  std::vector<Version> all;
  if (store_)
    store_->read([&](const catalog_topic::CatalogState& state) {
      for (const auto* change : state.changes(UINT64_MAX, SIZE_MAX)) all.push_back({change->number, change->hash});
    });
  all.push_back({0, {}});
  return all;
}

Catalogs::ContentsPtr Catalogs::contents(uint64_t version) const {
  if (!store_) return std::make_shared<const catalog_topic::CatalogContents>();
  return store_->read([&](const catalog_topic::CatalogState& state) -> ContentsPtr {
    auto found = state.at(version);
    if (found) return *found;
    log::warn("catalog version {}: {}", version, found.error());
    return nullptr;
  });
}

// ---- asking

CatalogPtr Catalogs::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

CatalogPtr Catalogs::held(const Uuid& hash) const {
  const std::lock_guard lock(mutex_);
  const auto at = std::ranges::find(held_, hash, [](const auto& each) { return each->hash(); });
  return at == held_.end() ? nullptr : *at;
}

void Catalogs::hold(CatalogPtr catalog) {
  const std::lock_guard lock(mutex_);
  std::erase_if(held_, [&](const auto& each) { return each->hash() == catalog->hash(); });
  held_.insert(held_.begin(), std::move(catalog));
  if (held_.size() > kHeld) held_.pop_back();
}

CatalogPtr Catalogs::find(const Uuid& hash) {
  if (auto found = held(hash)) return found;
  const std::lock_guard loading(loading_);
  if (auto found = find_among_known(hash)) return found;
  if (Clock::now() < load_again_) return nullptr;
  const auto loaded = load_schemas();
  if (!loaded) log::warn("{}", loaded.error().message);
  load_again_ = Clock::now() + (loaded ? kLoadAgain : kLoadAgainAfterFailure);
  return find_among_known(hash);
}

// Made of one of the schemas' states and one of the versions of the catalog's topic. loading_ is held.
CatalogPtr Catalogs::find_among_known(const Uuid& hash) {
  if (auto found = held(hash)) return found;
  std::vector<ReaderSchemasPtr> states;
  {
    const std::lock_guard lock(mutex_);
    states = states_;
  }
  for (const Version& version : versions())
    for (const ReaderSchemasPtr& schemas : states) {
      if (catalog_hash(*schemas, version.hash, rules_) != hash) continue;
      const ContentsPtr contents = this->contents(version.number);
      if (!contents) return nullptr;
      RuleBookCompiler compiler(rules_, schemas);
      auto made = make(schemas, contents, compiler);
      if (!made) return log::error("catalog version {}, which a plan names: {}", version.number, made.error().message), nullptr;
      hold(*made);
      return *made;
    }
  return nullptr;
}

}  // namespace millrace::pipeline
