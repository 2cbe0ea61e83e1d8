// The way of an upload into the topic.
#include <nlohmann/json.hpp>
#include <random>

#include "avro/utf8.h"
#include "base/log.h"
#include "services/catalog/api.h"

namespace millrace::catalog {
namespace {

using namespace catalog_topic;
using nlohmann::ordered_json;

constexpr size_t kNoteBytesMax = 1000;  // author, comment

int64_t now_ms() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string new_request() {
  std::random_device random;
  const auto half = [&] { return static_cast<uint64_t>(random()) << 32 | random(); };
  return hash_text({half(), half()});
}

Answer answer(const Upload& upload, const Outcome& outcome, bool dry_run) {
  ordered_json body = {{"version", outcome.version}, {"hash", to_string(outcome.hash)}, {"changed", outcome.changed}};
  if (dry_run) body["dry_run"] = true;
  Answer out;
  if (upload.rules || upload.table) {
    const ContentHash content = upload.rules ? upload.rules->content_hash : upload.table->content_hash;
    body["content_hash"] = to_string(content);
    out.headers.emplace_back("ETag", etag(content));
  }
  if (upload.rules) {
    body["derived"] = ordered_json::object();
    for (const auto& topic : upload.rules->derived)
      for (const auto& column : topic.columns) body["derived"][topic.topic][column.name] = columns::to_string(column.type);
  }
  if (upload.table) {
    body["rows"] = upload.table->rows;
    body["key"] = upload.table->definition.key;
    for (const auto& column : upload.table->definition.columns) body["columns"].push_back({{"name", column.name}, {"type", type_text(column.type)}});
  }
  out.body = body.dump();
  return out;
}

Refusal refusal_of(const Error& error) { return {error.retry == Retry::kPermanent ? 500 : 503, error.message}; }

}  // namespace

Decided<Upload> Api::begun(const Call& call, EntryKind kind, const std::string& name) const {
  Upload upload;
  upload.kind = kind, upload.name = name;
  upload.author = call.parameter("author").value_or(""), upload.comment = call.parameter("comment").value_or("");
  upload.request = new_request();
  upload.time_ms = now_ms();
  upload.precondition = call.precondition;
  for (const std::string* note : {&upload.author, &upload.comment})
    if (note->size() > kNoteBytesMax || !avro::valid_utf8(reinterpret_cast<const uint8_t*>(note->data()), note->size()))
      return std::unexpected(Refusal{400, "author and comment are UTF-8 of at most " + std::to_string(kNoteBytesMax) + " bytes"});
  return upload;
}

Api::Result Api::publish(const Call& call, const Upload& upload) {
  struct Slot {
    std::atomic<int>& count;
    const bool taken;
    explicit Slot(std::atomic<int>& c) : count(c), taken(c.fetch_add(1) < kWritesMax) {}
    ~Slot() { count.fetch_sub(1); }
  } slot(writes_);
  if (!slot.taken) return std::unexpected(Refusal{503, "too many writes at once: try again"});
  const auto first = store_.read([&](const CatalogState& state) { return decide(state, upload).outcome; });
  if (!first && first.error().status != 0) return std::unexpected(first.error());
  const bool dry_run = call.parameter("dry_run") == "true";
  const bool changes = !first || first->changed;
  if (upload.rules && columns_ && changes)
    if (auto refusal = columns_->make(upload.rules->derived, dry_run ? ColumnMaker::Act::kLook : ColumnMaker::Act::kMake))
      return std::unexpected(std::move(*refusal));
  if (dry_run) {
    const Outcome outcome = first.value_or(Outcome{store_.read([](const CatalogState& state) { return state.latest() + 1; }), {}, true});
    return answer(upload, outcome, true);
  }
  if (!changes) return answer(upload, *first, false);
  const auto outcome = write(upload);
  if (!outcome) return std::unexpected(outcome.error());
  if (outcome->changed)
    log::info("version {}: {} {}{}", outcome->version, what_is(upload.kind, upload.name), upload.rules || upload.table ? "changed" : "removed",
              upload.author.empty() ? "" : " by " + upload.author);
  return answer(upload, *outcome, false);
}

// A large table's chunks go first, a few a transaction. Whoever dies in between leaves chunks that belong to nothing, which are tidied up;
// if that happens between ours and the change, the change is refused with status 0, and it begins anew.
Decided<Outcome> Api::write(const Upload& upload) {
  constexpr int kRounds = 5;
  Decided<Outcome> outcome;
  for (int round = 0; round < kRounds; ++round) {
    if (upload.table)
      if (auto refusal = write_chunks(*upload.table)) return std::unexpected(std::move(*refusal));
    const Status written = store_.write([&](const CatalogState& state) {
      Decision decision = decide(state, upload);
      outcome = std::move(decision.outcome);
      return std::move(decision.records);
    });
    if (!written) {
      log::warn("a write failed: {}", written.error().message);
      return std::unexpected(refusal_of(written.error()));
    }
    if (outcome || outcome.error().status != 0) return outcome;
  }
  return std::unexpected(Refusal{503, "the table's chunks were taken away while they were written: try again"});
}

std::optional<Refusal> Api::write_chunks(const TableSource& table) {
  const auto left = [&] { return store_.read([&](const CatalogState& state) { return missing_chunks(state, table, kChunksAtOnce + 1).size(); }); };
  while (left() > kChunksAtOnce)
    if (auto written = store_.write([&](const CatalogState& state) { return missing_chunks(state, table); }); !written) return refusal_of(written.error());
  return std::nullopt;
}

}  // namespace millrace::catalog
