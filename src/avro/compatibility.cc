#include "avro/compatibility.h"

#include <algorithm>
#include <array>
#include <map>

#include "avro/schema_match.h"

namespace millrace::avro {
namespace {

using Reasons = std::vector<std::string>;

bool promotes(Type writer, Type reader) {
  switch (reader) {
    case Type::kLong: return writer == Type::kInt;
    case Type::kFloat: return writer == Type::kInt || writer == Type::kLong;
    case Type::kDouble: return writer == Type::kInt || writer == Type::kLong || writer == Type::kFloat;
    case Type::kBytes: return writer == Type::kString;
    case Type::kString: return writer == Type::kBytes;
    default: return false;
  }
}
bool names_match(const Node& reader, const Node& writer) {
  return reader.short_name() == writer.short_name() || std::find(reader.aliases.begin(), reader.aliases.end(), writer.name) != reader.aliases.end();
}

// Unlike SchemaMatch, which asks whether some datum can be read, this asks whether every one can.
class Comparison {
 public:
  Reasons compare(const Node& reader, const Node& writer, const std::string& at) {
    const Pair pair(&reader, &writer);
    if (const auto known = known_.find(pair); !too_large_ && known != known_.end()) return known->second;
    too_large_ |= depth_ == kDepthMax || ++work_ > kWorkMax;
    if (too_large_) return {place(at) + ": the schemas are nested too deeply, or too large, to be compared"};
    known_.emplace(pair, Reasons());  // recursion: compatible unless something else isn't
    const size_t mark = believed_.size();
    believed_.push_back(pair);
    ++depth_;
    Reasons reasons = compare_now(reader, writer, at);
    --depth_;
    if (reasons.empty()) return reasons;
    // What was found compatible meanwhile may have been so because this pair was taken for it (as in SchemaMatch).
    for (; believed_.size() > mark; believed_.pop_back()) known_.erase(believed_.back());
    known_[pair] = reasons;
    return reasons;
  }

 private:
  static std::string place(const std::string& at) { return at.empty() ? "/" : at; }

  Reasons compare_now(const Node& reader, const Node& writer, const std::string& at) {
    if (writer.type == Type::kUnion) {
      Reasons all;
      for (const Node* branch : writer.branches) append(all, compare(reader, *branch, at));
      return all;
    }
    if (reader.type == Type::kUnion) {
      for (const Node* branch : reader.branches)
        if (compare(*branch, writer, at).empty()) return {};
      return {place(at) + ": the reader's union has no branch for the writer's " + describe(writer)};
    }
    if (reader.type != writer.type) {
      if (promotes(writer.type, reader.type)) return {};
      return {place(at) + ": the writer's " + describe(writer) + " can't be read as " + describe(reader)};
    }
    if (reader.named() && !names_match(reader, writer))
      return {place(at) + ": the writer's " + describe(writer) + " has another name than the reader's " + describe(reader) + "; an alias would join them"};
    if (reader.logical == Logical::kDecimal && writer.logical == Logical::kDecimal && reader.scale != writer.scale)
      return {place(at) + ": decimals of scale " + std::to_string(writer.scale) + " can't be read with scale " + std::to_string(reader.scale)};
    switch (reader.type) {
      case Type::kArray: return compare(*reader.items, *writer.items, at + "/items");
      case Type::kMap: return compare(*reader.items, *writer.items, at + "/values");
      case Type::kFixed:
        if (reader.size == writer.size) return {};
        return {place(at) + ": " + describe(writer) + " has " + std::to_string(writer.size) + " bytes, the reader's " + std::to_string(reader.size)};
      case Type::kEnum: return compare_enum(reader, writer, at);
      case Type::kRecord: return compare_record(reader, writer, at);
      default: return {};
    }
  }

  static Reasons compare_enum(const Node& reader, const Node& writer, const std::string& at) {
    Reasons reasons;
    if (reader.enum_default) return reasons;
    for (const std::string& symbol : writer.symbols)
      if (std::find(reader.symbols.begin(), reader.symbols.end(), symbol) == reader.symbols.end())
        reasons.push_back(place(at) + ": the reader's " + describe(reader) + " lacks the symbol " + symbol + " and has no default");
    return reasons;
  }

  Reasons compare_record(const Node& reader, const Node& writer, const std::string& at) {
    Reasons reasons;
    const std::vector<int> sources = SchemaMatch::writer_fields(writer, reader);
    for (size_t i = 0; i < reader.fields.size(); ++i) {
      const Field& field = reader.fields[i];
      const std::string where = at + "/" + field.name;
      if (sources[i] >= 0)
        append(reasons, compare(*field.type, *writer.fields[static_cast<size_t>(sources[i])].type, where));
      else if (!field.default_binary)
        reasons.push_back(where + ": the reader's field is not in the writer's " + describe(writer) + " and has no default");
    }
    return reasons;
  }

  // A person reads so many; a type that is used at a thousand places would repeat its own that often.
  static void append(Reasons& to, Reasons from) {
    for (auto reason = from.begin(); reason != from.end() && to.size() < kReasonsMax; ++reason) to.push_back(std::move(*reason));
  }

  static constexpr size_t kReasonsMax = 100;
  static constexpr int kDepthMax = 1000, kWorkMax = 1 << 18;
  using Pair = std::pair<const Node*, const Node*>;
  std::map<Pair, Reasons> known_;
  std::vector<Pair> believed_;  // those without reasons in known_, in the order in which they were begun
  int depth_ = 0, work_ = 0;
  bool too_large_ = false;
};

constexpr auto kNames = std::to_array<const char*>({"NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"});

}  // namespace

Reasons incompatibilities(const Schema& reader, const Schema& writer) { return Comparison().compare(reader.root(), writer.root(), ""); }

const char* name(Level level) { return kNames[static_cast<size_t>(level)]; }
std::optional<Level> level_from_name(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Level>(found - kNames.begin());
}

Reasons incompatibilities(Level level, const Schema& candidate, const std::vector<SchemaPtr>& existing) {
  const bool transitive = level == Level::kBackwardTransitive || level == Level::kForwardTransitive || level == Level::kFullTransitive;
  const bool forward = level == Level::kForward || level == Level::kForwardTransitive;
  const bool backward = level == Level::kBackward || level == Level::kBackwardTransitive;
  if (level == Level::kNone || existing.empty()) return {};
  Reasons all;
  for (size_t i = transitive ? 0 : existing.size() - 1; i < existing.size(); ++i) {
    Reasons found = forward ? Reasons() : incompatibilities(candidate, *existing[i]);
    if (!backward) {
      Reasons other = incompatibilities(*existing[i], candidate);
      found.insert(found.end(), other.begin(), other.end());
    }
    for (std::string& reason : found) all.push_back("version " + std::to_string(i + 1) + " of " + std::to_string(existing.size()) + ": " + reason);
  }
  return all;
}

}  // namespace millrace::avro
