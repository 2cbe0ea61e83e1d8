#include "pipeline/decode/schema_cache.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "base/log.h"
#include "pipeline/decode/schema_cache_file.h"

namespace millrace::pipeline {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using State = SchemaAnswer::State;

namespace {

constexpr milliseconds kUnreachableAgain{500};

struct Entry {
  SchemaAnswer answer;
  Clock::time_point asked{};  // when the registry last said so; never: it is from disk
  std::list<int32_t>::iterator use;
};

}  // namespace

struct SchemaCache::Impl {
  SchemaCacheSettings settings;
  metrics::Gauge size;
  metrics::Counter found, missing, unreachable;
  std::mutex mutex;
  std::condition_variable changed;
  std::unordered_map<int32_t, Entry> entries;
  std::list<int32_t> uses;  // the last used first
  std::deque<int32_t> wanted;
  std::set<int32_t> asking;  // of wanted, or under way
  RememberedSchemas remembered;
  bool dirty = false, closing = false, reachable = true;
  std::string trouble;
  std::thread thread;

  Impl(SchemaCacheSettings s, metrics::Registry& m)
      : settings(std::move(s)),
        size(m.gauge("millrace_schema_cache_entries")),
        found(m.counter("millrace_schema_lookups_total", {{"outcome", "found"}})),
        missing(m.counter("millrace_schema_lookups_total", {{"outcome", "missing"}})),
        unreachable(m.counter("millrace_schema_lookups_total", {{"outcome", "unreachable"}})) {
    if (!settings.file.empty()) remembered = read_schema_file(settings.file);
    for (const auto& [id, text] : remembered.schemas) put(id, parsed(text), {});
    thread = std::thread([this] { run(); });
  }

  static SchemaAnswer parsed(const std::string& text) {
    auto schema = avro::Schema::parse(text);
    if (schema) return {State::kFound, *schema, ""};
    return {State::kInvalid, nullptr, schema.error().message};
  }

  void put(int32_t id, SchemaAnswer answer, Clock::time_point asked) {
    auto [at, added] = entries.try_emplace(id);
    if (added) uses.push_front(id), at->second.use = uses.begin();
    at->second.answer = std::move(answer);
    at->second.asked = asked;
    while (entries.size() > settings.entries_max) {
      entries.erase(uses.back());
      remembered.schemas.erase(uses.back());
      uses.pop_back();
    }
    size.set(static_cast<double>(entries.size()));
  }

  void want(int32_t id) {
    if (!asking.insert(id).second) return;
    wanted.push_back(id);
    changed.notify_all();
  }

  // The registry's word on one id, or an error.
  Result<SchemaAnswer> ask(RegistryClient& client, int32_t id) {
    for (int attempt = 0;; ++attempt) {
      auto text = client.schema(SchemaId(id));
      if (!text) return std::unexpected(text.error());
      if (*text) return parsed(**text);
      if (attempt >= settings.missing_retries)
        return SchemaAnswer{State::kMissing, nullptr,
                            "the schema registry has no schema of id " + std::to_string(id) + " (asked " + std::to_string(attempt + 1) + " times)"};
      std::this_thread::sleep_for(settings.missing_retry_after * (1 << attempt));
    }
  }

  void run() {
    RegistryClient client(settings.registry_url);
    std::unique_lock lock(mutex);
    while (!closing) {
      if (wanted.empty()) {
        if (dirty) save(lock);
        changed.wait(lock, [&] { return closing || !wanted.empty(); });
        continue;
      }
      const int32_t id = wanted.front();
      wanted.pop_front();
      lock.unlock();
      auto answer = ask(client, id);
      lock.lock();
      if (answer) {
        asking.erase(id);
        (answer->state == State::kMissing ? missing : found).add();
        if (answer->state == State::kFound) {
          std::string& text = remembered.schemas[id];
          dirty = dirty || text != answer->schema->text();
          text = answer->schema->text();
        }
        if (const auto old = entries.find(id); old != entries.end() && old->second.answer.state == State::kFound && answer->state == State::kMissing) {
          log::warn("{}; it goes on being used, as ids are immutable", answer->reason);
          *answer = old->second.answer;
        }
        put(id, std::move(*answer), Clock::now());
        if (!reachable) log::info("the schema registry answers again");
        reachable = true;
        changed.notify_all();
        continue;
      }
      unreachable.add();
      if (reachable) log::warn("{}", answer.error().message);
      reachable = false;
      trouble = answer.error().message;
      changed.notify_all();
      changed.wait_for(lock, kUnreachableAgain, [&] { return closing; });
      wanted.push_back(id);
    }
  }

  void save(std::unique_lock<std::mutex>& lock) {
    dirty = false;
    if (settings.file.empty()) return;
    const RememberedSchemas copy = remembered;
    lock.unlock();
    if (auto written = write_schema_file(settings.file, copy); !written) log::warn("{}", written.error().message);
    lock.lock();
  }
};

SchemaCache::SchemaCache(SchemaCacheSettings settings, metrics::Registry& metrics) : impl_(std::make_unique<Impl>(std::move(settings), metrics)) {}

SchemaCache::~SchemaCache() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->changed.notify_all();
  impl_->thread.join();
}

SchemaAnswer SchemaCache::find(SchemaId id, milliseconds patience) {
  std::unique_lock lock(impl_->mutex);
  const auto known = [&]() -> Entry* {
    const auto at = impl_->entries.find(id.value);
    return at == impl_->entries.end() ? nullptr : &at->second;
  };
  Entry* entry = known();
  const bool doubtful = entry && entry->answer.state == State::kMissing && Clock::now() - entry->asked >= impl_->settings.missing_time_to_live;
  if (doubtful) {
    impl_->uses.erase(entry->use);
    impl_->entries.erase(id.value);
    entry = nullptr;
  }
  if (entry) {
    impl_->uses.splice(impl_->uses.begin(), impl_->uses, entry->use);
    if (Clock::now() - entry->asked >= impl_->settings.time_to_live || entry->asked == Clock::time_point{})
      impl_->want(id.value);  // meanwhile it is good enough
    return entry->answer;
  }
  impl_->want(id.value);
  impl_->changed.wait_for(lock, patience, [&] { return (entry = known()) != nullptr || !impl_->reachable || impl_->closing; });
  if (entry) return entry->answer;
  return {State::kUnreachable, nullptr, impl_->reachable ? "the schema registry has not answered yet" : impl_->trouble};
}

Result<std::vector<std::vector<SubjectVersion>>> SchemaCache::subjects(const std::vector<std::string>& names) {
  RegistryClient client(impl_->settings.registry_url);
  std::vector<std::vector<SubjectVersion>> all;
  for (const std::string& name : names) {
    auto versions = client.versions(name);
    std::lock_guard lock(impl_->mutex);
    auto& last = impl_->remembered.subjects[name];
    if (!versions) {
      if (last.empty()) return std::unexpected(versions.error());
      log::warn("{}: going on with the versions of subject {} as they were last listed", versions.error().message, name);
      all.push_back(last);
      continue;
    }
    if (versions->empty()) return transient("the schema registry has no subject " + name + " yet: register the topic's schema");
    last = *versions;
    impl_->dirty = true;
    all.push_back(std::move(*versions));
  }
  std::lock_guard lock(impl_->mutex);
  impl_->want(all.front().back().id.value);  // wakes the thread, which saves
  return all;
}

Result<SchemaId> SchemaCache::register_schema(const std::string& subject, const std::string& text) {
  RegistryClient client(impl_->settings.registry_url);
  const auto id = client.register_schema(subject, text);
  std::lock_guard lock(impl_->mutex);
  auto& last = impl_->remembered.subjects[subject];
  if (!id) {
    const auto same = std::ranges::find(last, text, &SubjectVersion::schema);
    if (same == last.end()) return std::unexpected(id.error());
    log::warn("{}: going on with id {} for subject {}, as it was last told", id.error().message, same->id.value, subject);
    return same->id;
  }
  last = {{0, *id, text}};  // which version it is nobody asked
  impl_->dirty = true;
  impl_->want(id->value);  // wakes the thread, which saves
  return *id;
}

}  // namespace millrace::pipeline
