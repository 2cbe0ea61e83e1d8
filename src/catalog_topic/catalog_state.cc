#include "catalog_topic/catalog_state.h"

#include <algorithm>

#include "catalog_topic/table_rows.h"
#include "rules/diagnostic.h"

namespace millrace::catalog_topic {
namespace {

constexpr size_t kProblemsMax = 20;

}  // namespace

void CatalogState::apply(const topic_store::StoredRecord& record) {
  const Key key = read_key(record.key);
  if (const auto* change = std::get_if<ChangeKey>(&key)) return apply_change(change->number, record);
  if (const auto* chunk = std::get_if<Chunk>(&key)) return apply_chunk(*chunk, record);
  if (std::holds_alternative<Floor>(key)) {
    const auto floor = record.value ? read_floor(*record.value) : Floor{};
    unreadable_floor_ = floor ? "" : floor.error();
    floor_ = floor ? floor->number : 0;
    return;
  }
  const std::string name = rules::excerpt(record.key);
  if (!record.value) {
    unknown_.erase(name);
  } else if (unknown_.contains(name) || unknown_.size() < kProblemsMax) {
    unknown_[name] = "key '" + name + "' is none that this program knows";
  } else {
    ++unknown_more_;
  }
}

void CatalogState::apply_change(uint64_t number, const topic_store::StoredRecord& record) {
  if (!changes_.empty() && number <= latest()) contents_.clear(), newest_.reset();  // the past changes
  forget(number);
  if (!record.value) return;
  auto read = read_change(number, *record.value);
  if (!read) {
    unreadable_[number] = read.error();
    return;
  }
  const Change& change = changes_.emplace(number, std::move(*read)).first->second;
  entries_[{change.kind, change.name}].insert(number);
  by_hash_[change.hash].insert(number);
  if (!change.table) return;
  StoredTable& stored = tables_[change.table->content_hash];
  stored.used_by.insert(number);
  assemble(change.table->content_hash, stored, *change.table);
}

void CatalogState::forget(uint64_t number) {
  unreadable_.erase(number);
  sources_.erase(number);
  const auto found = changes_.find(number);
  if (found == changes_.end()) return;
  const Change& change = found->second;
  const auto entry = entries_.find({change.kind, change.name});
  entry->second.erase(number);
  if (entry->second.empty()) entries_.erase(entry);
  const auto hash = by_hash_.find(change.hash);
  hash->second.erase(number);
  if (hash->second.empty()) by_hash_.erase(hash);
  if (change.table) tables_[change.table->content_hash].used_by.erase(number);
  changes_.erase(found);
}

void CatalogState::apply_chunk(const Chunk& chunk, const topic_store::StoredRecord& record) {
  StoredTable& stored = tables_[chunk.table];
  // Back to pieces: what is in the topic now is no longer what the text was made of, unless it is.
  if (stored.text) {
    const std::string_view there = std::string_view(*stored.text).substr(std::min(stored.text->size(), chunk.index * kChunkBytes), kChunkBytes);
    if (record.value && there == *record.value) {
      stored.written_ms[chunk.index] = record.timestamp_ms;
      return;
    }
    for (uint32_t i = 0; i < chunks_of(stored.text->size()); ++i) stored.chunks[i] = stored.text->substr(i * kChunkBytes, kChunkBytes);
    stored.text.reset();
    contents_.clear(), sources_.clear(), newest_.reset();
  }
  if (!record.value) {
    stored.chunks.erase(chunk.index);
    stored.written_ms.erase(chunk.index);
    if (stored.written_ms.empty() && stored.used_by.empty()) tables_.erase(chunk.table);
    return;
  }
  stored.chunks[chunk.index] = *record.value;
  stored.written_ms[chunk.index] = record.timestamp_ms;
  if (!stored.used_by.empty()) assemble(chunk.table, stored, *changes_.at(*stored.used_by.begin()).table);
}

// One text, as soon as all chunks are there and are what their hash says.
void CatalogState::assemble(ContentHash content, StoredTable& stored, const TableSource& table) {
  if (stored.text || stored.chunks.size() < table.chunks) return;
  std::string text;
  size_t size = 0;  // what is there, whatever the record claims
  for (const auto& [index, chunk] : stored.chunks) size += chunk.size();
  text.reserve(size);
  for (const auto& [index, chunk] : stored.chunks)
    if (index < table.chunks) text += chunk;
  if (table_hash(table.definition, text) != content) return;
  stored.text = std::make_shared<const std::string>(std::move(text));
  stored.chunks.clear();
}

uint64_t CatalogState::latest() const {
  uint64_t latest = floor_;
  if (!changes_.empty()) latest = std::max(latest, changes_.rbegin()->first);
  if (!unreadable_.empty()) latest = std::max(latest, unreadable_.rbegin()->first);  // so that its number isn't given again
  return latest;
}

CatalogState::Contents CatalogState::at(uint64_t number) const {
  if (const auto held = contents_.find(number); held != contents_.end())
    if (auto contents = held->second.lock()) return contents;
  auto built = build(number);
  if (!built) return built;
  std::erase_if(contents_, [](const auto& held) { return held.second.expired(); });
  contents_[number] = *built;
  if (number == latest()) newest_ = *built;
  return built;
}

CatalogState::Contents CatalogState::build(uint64_t number) const {
  auto contents = std::make_shared<CatalogContents>();
  contents->version = number;
  if (number == 0) return contents;
  const std::string version = "version " + std::to_string(number) + " of the catalog";
  if (number > latest()) return std::unexpected("there is no " + version + " yet: the newest is " + std::to_string(latest()));
  if (number < floor_) return std::unexpected(version + " is no longer kept: the oldest is " + std::to_string(floor_));
  if (!unreadable_.empty() && unreadable_.begin()->first <= number) {
    const auto& [bad, why] = *unreadable_.begin();
    return std::unexpected(version + " can't be told: record " + change_key(bad) + ": " + why);
  }
  const Change* last = change(number);
  if (!last) return std::unexpected("the record of " + version + " is missing");
  for (const auto& [entry, numbers] : entries_) {
    const auto after = numbers.upper_bound(number);
    if (after == numbers.begin()) continue;
    const Change& current = changes_.at(*std::prev(after));
    if (current.removes()) continue;
    if (current.rules) {
      contents->tenants.emplace_hint(contents->tenants.end(), current.name, current.rules);
    } else {
      auto source = complete(current);
      if (!source) return std::unexpected(version + " isn't complete: " + source.error());
      contents->tables.emplace_hint(contents->tables.end(), current.name, std::move(*source));
    }
    contents->hash = with(contents->hash, current.kind, current.name, current.content());
  }
  if (contents->hash != last->hash)
    return std::unexpected(version + ": its record gives the hash " + to_string(last->hash) + ", what is there has " + to_string(contents->hash) +
                           ": records are missing");
  return contents;
}

std::expected<std::shared_ptr<const TableSource>, std::string> CatalogState::complete(const Change& change) const {
  if (const auto held = sources_.find(change.number); held != sources_.end())
    if (auto source = held->second.lock()) return source;
  auto text = rows(*change.table);
  if (!text) {
    const StoredTable& stored = tables_.at(change.table->content_hash);
    const size_t there = static_cast<size_t>(std::ranges::count_if(stored.chunks, [&](const auto& chunk) { return chunk.first < change.table->chunks; }));
    if (there < change.table->chunks)
      return std::unexpected("of table " + change.name + " " + std::to_string(change.table->chunks - there) + " of " + std::to_string(change.table->chunks) +
                             " chunks are missing");
    return std::unexpected("the chunks of table " + change.name + " aren't those of its content hash");
  }
  auto source = std::make_shared<TableSource>(*change.table);
  source->text = std::move(text);
  sources_[change.number] = source;
  return source;
}

std::optional<uint64_t> CatalogState::find(CatalogHash hash) const {
  if (const auto found = by_hash_.find(hash); found != by_hash_.end() && *found->second.rbegin() >= floor_) return *found->second.rbegin();
  if (hash == CatalogHash()) return 0;
  return std::nullopt;
}

const Change* CatalogState::change(uint64_t number) const {
  const auto found = changes_.find(number);
  return found == changes_.end() ? nullptr : &found->second;
}

const Change* CatalogState::newest(EntryKind kind, std::string_view name) const {
  const auto found = entries_.find({kind, std::string(name)});
  return found == entries_.end() ? nullptr : change(*found->second.rbegin());
}

std::vector<const Change*> CatalogState::history(EntryKind kind, std::string_view name) const {
  std::vector<const Change*> out;
  if (const auto found = entries_.find({kind, std::string(name)}); found != entries_.end())
    for (auto number = found->second.rbegin(); number != found->second.rend(); ++number) out.push_back(change(*number));
  return out;
}

std::vector<const Change*> CatalogState::changes(uint64_t before, size_t most) const {
  std::vector<const Change*> out;
  for (auto next = changes_.lower_bound(before); next != changes_.begin() && out.size() < most;) out.push_back(&(--next)->second);
  return out;
}

std::shared_ptr<const std::string> CatalogState::rows(const TableSource& table) const {
  const auto found = tables_.find(table.content_hash);
  return found == tables_.end() ? nullptr : found->second.text;
}

bool CatalogState::has_chunk(ContentHash table, uint32_t index) const {
  const auto found = tables_.find(table);
  return found != tables_.end() && found->second.written_ms.contains(index);
}

std::vector<std::string> CatalogState::problems() const {
  std::vector<std::string> out;
  if (!unreadable_floor_.empty()) out.push_back("record floor: " + unreadable_floor_);
  for (const auto& [number, why] : unreadable_)
    if (out.size() < kProblemsMax) out.push_back("record " + change_key(number) + ": " + why);
  if (out.empty())
    if (const auto now = current(); !now) out.push_back(now.error());
  for (const auto& [key, what] : unknown_)
    if (out.size() < kProblemsMax) out.push_back(what);
  if (unknown_more_ > 0) out.push_back("and " + std::to_string(unknown_more_) + " more such records");
  return out;
}

std::vector<uint64_t> CatalogState::superseded(uint64_t floor) const {
  std::vector<uint64_t> out;
  for (const auto& [entry, numbers] : entries_)
    for (auto number = numbers.begin(); number != numbers.end() && *number < floor; ++number) {
      const auto next = std::next(number);
      // A removal is needed only as long as what it removed is there, and both go at once.
      if ((next != numbers.end() && *next <= floor) || changes_.at(*number).removes()) out.push_back(*number);
    }
  std::ranges::sort(out);
  return out;
}

std::vector<Chunk> CatalogState::orphans(int64_t before_ms) const {
  std::vector<Chunk> out;
  for (const auto& [content, stored] : tables_)
    if (stored.used_by.empty())
      for (const auto& [index, written_ms] : stored.written_ms)
        if (written_ms < before_ms) out.push_back({content, index});
  return out;
}

}  // namespace millrace::catalog_topic
