#include "pipeline/decode/reader_schemas.h"

#include <xxhash.h>

#include <algorithm>
#include <set>

namespace millrace::pipeline {

Result<ReaderSchemasPtr> ReaderSchemas::create(const std::vector<std::pair<std::string, SubjectVersion>>& readers) {
  auto schemas = std::make_shared<ReaderSchemas>();
  std::string text;  // topic and schema, each behind its length
  const auto add = [&text](std::string_view part) { text += std::to_string(part.size()) + ":", text += part; };
  auto sorted = readers;
  std::ranges::sort(sorted, {}, [](const auto& reader) { return reader.first; });
  for (const auto& [topic, version] : sorted) {
    const std::string where = "subject " + topic + "-value, version " + std::to_string(version.version) + ": ";
    auto schema = avro::Schema::parse(version.schema);
    if (!schema) return permanent(where + schema.error().message);
    auto mapped = avro::map_columns(**schema);
    if (!mapped) return permanent(where + mapped.error().reason);
    add(topic), add(version.schema);
    auto bytes = avro::bytes_columns(**schema);
    if (!bytes) return permanent(where + bytes.error().reason);
    schemas->readers_.push_back({topic, version.id, std::move(*schema), std::move(*mapped), std::move(*bytes)});
  }
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  schemas->hash_ = {hash.high64, hash.low64};
  return schemas;
}

const ReaderSchemas::Reader* ReaderSchemas::find(std::string_view topic) const {
  const auto at = std::ranges::find(readers_, topic, &Reader::topic);
  return at == readers_.end() ? nullptr : &*at;
}

std::expected<DecodeProgramPtr, Rejection> ReaderSchemas::program(const Reader& reader, SchemaId writer_id, const avro::Schema& writer) const {
  const std::lock_guard lock(mutex_);
  const auto key = std::pair(&reader, writer_id.value);
  if (const auto at = programs_.find(key); at != programs_.end()) return at->second;
  auto compiled = avro::DecodeProgram::compile(writer, *reader.schema);
  std::expected<DecodeProgramPtr, Rejection> program;
  if (compiled)
    program = std::make_shared<const avro::DecodeProgram>(std::move(*compiled));
  else
    program = std::unexpected(compiled.error());
  return programs_.emplace(key, std::move(program)).first->second;
}

Result<std::vector<ReaderSchemasPtr>> reader_schemas_of(const std::vector<std::string>& topics, const std::vector<std::vector<SubjectVersion>>& versions) {
  MILLRACE_CHECK(topics.size() == versions.size() && !topics.empty(), "one list of versions a topic");
  std::set<int32_t> ids;
  int32_t first = 0;  // before it some topic has no schema yet
  for (const auto& list : versions) {
    MILLRACE_CHECK(!list.empty(), "a topic has a version");
    int32_t least = INT32_MAX;
    for (const SubjectVersion& version : list) ids.insert(version.id.value), least = std::min(least, version.id.value);
    first = std::max(first, least);
  }
  std::vector<ReaderSchemasPtr> all;
  for (auto id = ids.lower_bound(first); id != ids.end(); ++id) {
    std::vector<std::pair<std::string, SubjectVersion>> readers;
    for (size_t i = 0; i < topics.size(); ++i) {
      const SubjectVersion* latest = nullptr;
      for (const SubjectVersion& version : versions[i])
        if (version.id.value <= *id && (latest == nullptr || version.version > latest->version)) latest = &version;
      readers.emplace_back(topics[i], *latest);
    }
    auto schemas = ReaderSchemas::create(readers);
    if (!schemas && std::next(id) != ids.end()) continue;  // nothing was ever read with it
    if (!schemas) return std::unexpected(schemas.error());
    all.push_back(std::move(*schemas));
  }
  return all;
}

}  // namespace millrace::pipeline
