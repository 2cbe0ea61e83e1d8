#include "avro/column_plan.h"

#include <algorithm>
#include <optional>

namespace millrace::avro {
namespace {

using columns::Kind;
using Form = ColumnPlan::Form;

class Planner {
 public:
  explicit Planner(const MappingOptions& options) : options_(options) {}

  std::expected<MappedColumns, Rejection> run(const Node& root) {
    if (options_.form == MappingOptions::Form::kJson)
      result_.root = text("value", false);
    else if (peel(root).type == Type::kRecord)
      result_.root = value(root, "", false);
    else
      result_.root = value(root, "value", false);
    if (!wrong_.empty()) return std::unexpected(Rejection{RejectionCode::kTooLarge, Stage::kSchema, -1, wrong_});
    return std::move(result_);
  }

 private:
  // The one branch that isn't null, if that is all there is.
  static const Node& peel(const Node& node) {
    const Node* only = nullptr;
    if (node.type != Type::kUnion) return node;
    for (const Node* branch : node.branches) {
      if (branch->type == Type::kNull) continue;
      if (only != nullptr) return node;
      only = branch;
    }
    return only != nullptr ? *only : node;
  }
  static bool has_null(const Node& node) {
    return node.type == Type::kUnion && std::any_of(node.branches.begin(), node.branches.end(), [](const Node* b) { return b->type == Type::kNull; });
  }

  ColumnPlan value(const Node& node, const std::string& name, bool null) {
    null |= has_null(node);
    const Node& inner = peel(node);
    if (++visited_ > options_.columns_max * 8) wrong_ = "the schema has more fields than " + std::to_string(options_.columns_max * 8);
    if (!wrong_.empty()) return {};
    if (inner.type == Type::kNull || (inner.type == Type::kUnion && nothing_but_null(inner))) return {};
    if (inner.type == Type::kRecord) return record(inner, name, null);
    if (auto type = one_column(inner, name)) {
      if (holds_bytes(inner, *type)) result_.bytes_columns.push_back(name);
      return column(name, null ? nullable(*std::move(type)) : *std::move(type));
    }
    return text(name, null);
  }
  // `type` is the node's: what is String there and no text here.
  static bool holds_bytes(const Node& node, const columns::Type& type) {
    if (type.kind == Kind::kArray || type.kind == Kind::kMap) return holds_bytes(peel(*node.items), type.children.back());
    if (type.kind == Kind::kNullable) return holds_bytes(node, type.children[0]);
    return type.kind == Kind::kString && (node.type == Type::kBytes || node.type == Type::kFixed);
  }
  static bool nothing_but_null(const Node& node) {
    return std::all_of(node.branches.begin(), node.branches.end(), [](const Node* b) { return b->type == Type::kNull; });
  }

  ColumnPlan record(const Node& node, const std::string& name, bool null) {
    // A recursive record's own fields flatten; where it comes back inside itself there is text.
    if (std::find(open_.begin(), open_.end(), &node) != open_.end()) return text(name, null);
    if (open_.size() == kRecordsMax) wrong_ = "the schema has more than " + std::to_string(kRecordsMax) + " records inside each other";
    if (!wrong_.empty()) return {};
    open_.push_back(&node);
    ColumnPlan plan;
    plan.form = Form::kRecord;
    for (const Field& field : node.fields) plan.parts.push_back(value(*field.type, name.empty() ? field.name : name + "." + field.name, null));
    open_.pop_back();
    return plan;
  }

  ColumnPlan text(const std::string& name, bool null) {
    ColumnPlan plan = column(name, null ? nullable(columns::simple(Kind::kString)) : columns::simple(Kind::kString));
    plan.form = Form::kText;
    return plan;
  }

  ColumnPlan column(const std::string& name, columns::Type type) {
    if (result_.columns.size() >= options_.columns_max) wrong_ = "the schema has more columns than " + std::to_string(options_.columns_max);
    ColumnPlan plan = of_type(type, result_.node_count);
    result_.node_count += node_count(type);
    result_.columns.push_back({name, std::move(type)});
    return plan;
  }
  static ColumnPlan of_type(const columns::Type& type, uint32_t node) {
    ColumnPlan plan;
    plan.node = node, plan.type = type;
    plan.form = type.kind == Kind::kArray ? Form::kArray : type.kind == Kind::kMap ? Form::kMap : Form::kLeaf;
    if (plan.form == Form::kArray) plan.parts.push_back(of_type(type.children[0], node + 1));
    if (plan.form == Form::kMap) plan.parts.push_back(of_type(type.children[1], node + 2));
    return plan;
  }

  // The type of a value that fits into one column without being text.
  std::optional<columns::Type> one_column(const Node& node, const std::string& name) const {
    switch (node.type) {
      case Type::kArray: {
        auto element = element_type(*node.items, name);
        return element ? std::optional(array(*std::move(element))) : std::nullopt;
      }
      case Type::kMap: {
        auto element = element_type(*node.items, name);
        return element ? std::optional(map(columns::simple(Kind::kString), *std::move(element))) : std::nullopt;
      }
      case Type::kRecord:
      case Type::kUnion:
      case Type::kNull: return std::nullopt;
      default: return scalar(node, name);
    }
  }
  std::optional<columns::Type> element_type(const Node& node, const std::string& name) const {
    const Node& inner = peel(node);
    auto type = one_column(inner, name);
    if (!type || !has_null(node)) return type;
    return nullable(*std::move(type));
  }

  columns::Type scalar(const Node& node, const std::string& name) const {
    switch (node.logical) {
      case Logical::kDecimal:
        if (node.precision >= 1 && node.precision <= 76 && node.scale <= node.precision) return columns::decimal(node.precision, node.scale);
        break;
      case Logical::kUuid: return columns::simple(Kind::kUuid);
      case Logical::kDate: return columns::simple(Kind::kDate32);
      case Logical::kTimestampMillis:
      case Logical::kLocalTimestampMillis: return columns::date_time64(3);
      case Logical::kTimestampMicros:
      case Logical::kLocalTimestampMicros: return columns::date_time64(6);
      case Logical::kTimestampNanos:
      case Logical::kLocalTimestampNanos: return columns::date_time64(9);
      default: break;
    }
    switch (node.type) {
      case Type::kBoolean: return columns::simple(Kind::kBool);
      case Type::kInt: return columns::simple(Kind::kInt32);
      case Type::kLong: return columns::simple(Kind::kInt64);
      case Type::kFloat: return columns::simple(Kind::kFloat32);
      case Type::kDouble: return columns::simple(Kind::kFloat64);
      case Type::kFixed:  // FixedString has no size 0, and a default of its full size
        return node.size >= 1 && node.size <= 256 ? columns::fixed_string(static_cast<uint32_t>(node.size)) : columns::simple(Kind::kString);
      case Type::kEnum:
        if (options_.enums == MappingOptions::Enums::kEnum && node.symbols.size() <= 32768) return columns::enumeration(node.symbols);
        return low_cardinality(columns::simple(Kind::kString));
      default: break;
    }
    const auto& low = options_.low_cardinality;
    const bool few = node.type == Type::kString && std::find(low.begin(), low.end(), name) != low.end();
    return few ? low_cardinality(columns::simple(Kind::kString)) : columns::simple(Kind::kString);
  }

  static constexpr size_t kRecordsMax = 200;
  const MappingOptions& options_;
  MappedColumns result_;
  std::vector<const Node*> open_;
  std::string wrong_;
  uint32_t visited_ = 0;
};

}  // namespace

std::expected<MappedColumns, Rejection> plan_columns(const Schema& reader, const MappingOptions& options) { return Planner(options).run(reader.root()); }

std::expected<std::vector<columns::NamedType>, Rejection> map_columns(const Schema& reader, const MappingOptions& options) {
  auto plan = plan_columns(reader, options);
  if (!plan) return std::unexpected(std::move(plan.error()));
  return std::move(plan->columns);
}

std::expected<std::vector<std::string>, Rejection> bytes_columns(const Schema& reader, const MappingOptions& options) {
  auto plan = plan_columns(reader, options);
  if (!plan) return std::unexpected(std::move(plan.error()));
  return std::move(plan->bytes_columns);
}

}  // namespace millrace::avro
