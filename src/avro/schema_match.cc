#include "avro/schema_match.h"

#include <algorithm>
#include <string_view>

namespace millrace::avro {
namespace {

std::string_view unqualified(std::string_view name) { return name.substr(name.rfind('.') + 1); }

// Records, enums and fixed: unqualified names match, or an alias of the reader is the writer's name.
bool names_match(const Node& writer, const Node& reader) {
  if (unqualified(writer.name) == unqualified(reader.name)) return true;
  return std::any_of(reader.aliases.begin(), reader.aliases.end(),
                     [&](const std::string& alias) { return alias == writer.name || unqualified(alias) == unqualified(writer.name); });
}

bool promotes(Type writer, Type reader) {
  switch (writer) {
    case Type::kInt: return reader == Type::kLong || reader == Type::kFloat || reader == Type::kDouble;
    case Type::kLong: return reader == Type::kFloat || reader == Type::kDouble;
    case Type::kFloat: return reader == Type::kDouble;
    case Type::kString: return reader == Type::kBytes;
    case Type::kBytes: return reader == Type::kString;
    default: return false;
  }
}

}  // namespace

bool SchemaMatch::resolves(const Node& writer, const Node& reader) {
  if (too_large_) return false;
  const Pair pair(&writer, &reader);
  if (const auto known = known_.find(pair); known != known_.end()) return known->second;
  if (depth_ == kDepthMax || ++work_ > kWorkMax) too_large_ = true;
  if (too_large_) return false;
  known_.emplace(pair, true);
  const size_t mark = believed_.size();
  believed_.push_back(pair);
  ++depth_;
  const bool result = resolves_now(writer, reader);
  --depth_;
  if (result) return true;
  // What was found true meanwhile may have been so because this pair was taken for true: find it out again when it is asked for.
  for (; believed_.size() > mark; believed_.pop_back()) known_.erase(believed_.back());
  known_[pair] = false;
  return false;
}

bool SchemaMatch::resolves_now(const Node& writer, const Node& reader) {
  if (writer.type == Type::kUnion) {
    return writer.branches.empty() ||
           std::any_of(writer.branches.begin(), writer.branches.end(), [&](const Node* branch) { return resolves(*branch, reader); });
  }
  if (reader.type == Type::kUnion) return branch_for(writer, reader) != nullptr;
  if (writer.type != reader.type) return promotes(writer.type, reader.type);
  // A decimal's scale is in its schema: the same bytes under another scale are another number.
  if (writer.logical == Logical::kDecimal && reader.logical == Logical::kDecimal && writer.scale != reader.scale) return false;
  switch (writer.type) {
    case Type::kArray:
    case Type::kMap: return resolves(*writer.items, *reader.items);
    case Type::kEnum: return names_match(writer, reader);
    case Type::kFixed: return writer.size == reader.size && names_match(writer, reader);
    case Type::kRecord:
      if (!names_match(writer, reader)) return false;
      return fields_resolve(writer, reader);
    default: return true;
  }
}

bool SchemaMatch::fields_resolve(const Node& writer, const Node& reader) {
  const std::vector<int> sources = writer_fields(writer, reader);
  for (size_t i = 0; i < sources.size(); ++i) {
    const Field& field = reader.fields[i];
    if (sources[i] < 0 ? !field.default_binary.has_value() : !resolves(*writer.fields[static_cast<size_t>(sources[i])].type, *field.type)) return false;
  }
  return true;
}

const Node* SchemaMatch::branch_for(const Node& writer, const Node& reader_union) {
  for (const Node* branch : reader_union.branches)
    if (branch->type == writer.type && branch->name == writer.name && resolves(writer, *branch)) return branch;
  for (const Node* branch : reader_union.branches)
    if (branch->type == writer.type && resolves(writer, *branch)) return branch;
  for (const Node* branch : reader_union.branches)
    if (resolves(writer, *branch)) return branch;
  return nullptr;
}

std::vector<int> SchemaMatch::writer_fields(const Node& writer, const Node& reader) {
  std::map<std::string_view, int> free;
  for (size_t i = 0; i < writer.fields.size(); ++i) free.emplace(writer.fields[i].name, static_cast<int>(i));
  std::vector<int> sources(reader.fields.size(), -1);
  auto take = [&](size_t index, std::string_view name) {
    const auto found = free.find(name);
    if (sources[index] >= 0 || found == free.end()) return;
    sources[index] = found->second;
    free.erase(found);
  };
  for (size_t i = 0; i < sources.size(); ++i) take(i, reader.fields[i].name);
  for (size_t i = 0; i < sources.size(); ++i)
    for (const std::string& alias : reader.fields[i].aliases) take(i, alias);
  return sources;
}

size_t SchemaMatch::least_bytes(const Node& writer) {
  constexpr size_t kMost = size_t{1} << 30;
  switch (writer.type) {
    case Type::kNull: return 0;
    case Type::kFloat: return 4;
    case Type::kDouble: return 8;
    case Type::kFixed: return std::min<size_t>(writer.size, kMost);
    case Type::kRecord: break;
    default: return 1;
  }
  const auto [known, fresh] = least_.try_emplace(&writer, 0);
  if (!fresh || depth_ == kDepthMax) return known->second;
  size_t total = 0;
  ++depth_;
  for (const Field& field : writer.fields) total = std::min(total + least_bytes(*field.type), kMost);
  --depth_;
  return least_[&writer] = total;
}

}  // namespace millrace::avro
