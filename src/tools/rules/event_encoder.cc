#include "tools/rules/event_encoder.h"

#include <algorithm>

#include "avro/encoder.h"
#include "rules/diagnostic.h"
#include "tools/rules/event_values.h"

namespace millrace::rules_tools {
namespace {

using avro::Logical;
using avro::Node;
using avro::Type;
using rules::FileNode;

constexpr int kRecordDepthMax = 64;

class EventEncoder {
 public:
  explicit EventEncoder(Absent absent) : absent_(absent) {}
  rules::FileDiagnostics errors;

  void encode(const Node& type, const FileNode& value, const std::string& path, std::string& out) {
    avro::Encoder to(out);
    switch (type.type) {
      case Type::kUnion: return encode_union(type, value, path, out);
      case Type::kRecord: return record(type, value, path, out);
      case Type::kArray: {
        if (value.kind != FileNode::Kind::kList) return wrong(value, path, "is a list");
        to.block(static_cast<int64_t>(value.parts.size()));
        for (size_t i = 0; i < value.parts.size(); ++i) encode(*type.items, value.parts[i], path + "[" + std::to_string(i) + "]", out);
        return to.end_blocks();
      }
      case Type::kMap: {
        if (value.kind != FileNode::Kind::kMap) return wrong(value, path, "is a map");
        to.block(static_cast<int64_t>(value.parts.size() / 2));
        for (size_t i = 0; i + 1 < value.parts.size(); i += 2) {
          if (!is_key(value.parts[i])) return;
          to.string(value.parts[i].text.value);
          encode(*type.items, value.parts[i + 1], path + "[\"" + value.parts[i].text.value + "\"]", out);
        }
        return to.end_blocks();
      }
      default: break;
    }
    if (const std::string why = encode_value(type, value, out); !why.empty()) wrong(value, path, why);
  }

 private:
  void error(const FileNode& at, std::string message) { errors.push_back({at.at, std::move(message)}); }
  void wrong(const FileNode& value, const std::string& path, const std::string& why) {
    error(value, (path.empty() ? "the event" : path) + " " + why + "; this is " + describe(value));
  }
  bool is_key(const FileNode& key) {
    if (key.kind == FileNode::Kind::kText) return true;
    error(key, "a name stands before the colon; this is " + describe(key));
    return false;
  }

  // The first branch that the value fits; null only for null.
  void encode_union(const Node& type, const FileNode& value, const std::string& path, std::string& out) {
    const Node* only = nullptr;  // of those that aren't null
    size_t others = 0, index = 0;
    for (const Node* branch : type.branches)
      if (branch->type != Type::kNull) only = branch, ++others;
    for (const Node* branch : type.branches) {
      const bool null = branch->type == Type::kNull;
      if (null == is_null(value)) {
        std::string bytes;
        EventEncoder trial(absent_);
        if (!null) trial.encode(*branch, value, path, bytes);
        if (trial.errors.empty()) {
          avro::Encoder(out).union_branch(static_cast<int>(index));
          out += bytes;
          return;
        }
        if (others == 1) return errors.insert(errors.end(), trial.errors.begin(), trial.errors.end()), void();
      }
      ++index;
    }
    std::string names;
    for (const Node* branch : type.branches) names += (names.empty() ? "" : ", ") + avro::describe(*branch);
    wrong(value, path, only != nullptr && others == 1 ? "is a " + avro::describe(*only) : "is one of " + names);
  }

  void record(const Node& type, const FileNode& value, const std::string& path, std::string& out) {
    if (value.kind != FileNode::Kind::kMap) return wrong(value, path, "is a map of its fields");
    std::vector<std::string_view> names;
    for (const avro::Field& field : type.fields) names.push_back(field.name);
    for (size_t i = 0; i + 1 < value.parts.size(); i += 2) {
      const FileNode& key = value.parts[i];
      if (!is_key(key) || std::ranges::find(names, key.text.value) != names.end()) continue;
      error(key, (path.empty() ? "events of " + std::string(type.short_name()) + " have" : path + " has") + " no field '" + rules::excerpt(key.text.value) +
                     "'" + rules::did_you_mean(key.text.value, names));
    }
    for (const avro::Field& field : type.fields) {
      const std::string inner = path.empty() ? field.name : path + "." + field.name;
      const FileNode* given = nullptr;
      for (size_t i = 0; i + 1 < value.parts.size(); i += 2) {
        if (value.parts[i].kind != FileNode::Kind::kText || value.parts[i].text.value != field.name) continue;
        if (given != nullptr) error(value.parts[i], inner + " stands here twice");
        given = &value.parts[i + 1];
      }
      if (given != nullptr)
        encode(*field.type, *given, inner, out);
      else
        absent(field, value, inner, out);
    }
  }

  void absent(const avro::Field& field, const FileNode& record, const std::string& path, std::string& out) {
    if (field.default_binary) {
      out += *field.default_binary;
    } else if (absent_ == Absent::kZero || field.type->type == Type::kUnion) {
      if (!zero(*field.type, out, 0)) error(record, path + " is missing" + (field.type->type == Type::kUnion ? ", and may not be null" : ""));
    } else {
      error(record, path + " is missing, and has no default");
    }
  }

  bool zero(const Node& type, std::string& out, int depth) {
    if (depth > kRecordDepthMax) return false;  // a record that holds itself
    avro::Encoder to(out);
    switch (type.type) {
      case Type::kUnion: {
        size_t index = 0;
        for (; index < type.branches.size() && type.branches[index]->type != Type::kNull; ++index) {
        }
        if (index < type.branches.size()) return to.union_branch(static_cast<int>(index)), true;
        if (absent_ == Absent::kError) return false;
        return to.union_branch(0), zero(*type.branches[0], out, depth + 1);
      }
      case Type::kRecord:
        return std::ranges::all_of(type.fields, [&](const avro::Field& field) {
          if (field.default_binary) return out += *field.default_binary, true;
          return zero(*field.type, out, depth + 1);
        });
      default: encode_zero(type, out); return true;
    }
  }

  Absent absent_;
};

}  // namespace

std::expected<std::string, rules::FileDiagnostics> encode_event(const avro::Schema& schema, const FileNode& event, Absent absent) {
  EventEncoder encoder(absent);
  std::string out;
  encoder.encode(schema.root(), event, "", out);
  if (!encoder.errors.empty()) return std::unexpected(std::move(encoder.errors));
  return out;
}

}  // namespace millrace::rules_tools
