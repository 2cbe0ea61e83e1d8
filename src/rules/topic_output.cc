// What is delivered instead of what came: set over a field, rename, remove and mask, as expressions over the event.
#include <algorithm>

#include "rules/column_of.h"
#include "rules/columns_used.h"
#include "rules/lexer.h"
#include "rules/topic_check.h"
#include "rules/unparse.h"

namespace millrace::rules {
namespace {

// [a-z][a-z0-9_]*, several with dots between them: what is made here can be written without quotes in SQL, and isn't taken for one of the
// columns that the pipeline adds, which begin with _.
bool is_made_name(std::string_view name) {
  bool first = true;
  for (const char c : name) {
    const bool letter = c >= 'a' && c <= 'z';
    if (!letter && (first || (c != '.' && c != '_' && !(c >= '0' && c <= '9')))) return false;
    first = c == '.';
  }
  return !first && name.size() <= 128;
}

std::string masked(const std::string& text, const MaskRule& rule) {
  switch (rule.with) {
    case Masking::kHmac: return "hmac(" + text + ")";
    case Masking::kUrlWithoutQuery: return "url_without_query(" + text + ")";
    case Masking::kStars: break;
  }
  return "mask(" + text + (rule.keep_last > 0 ? ", " + std::to_string(rule.keep_last) : "") + ")";
}

std::string in_line(Position at) { return "in line " + std::to_string(at.line); }

}  // namespace

std::string as_expression(std::string_view field) {
  Lexer lexer(field);
  return (lexer.next().kind == TokenKind::kName ? "" : ".") + std::string(field);
}

int32_t TopicCheck::column(std::string_view name) const {
  const auto found = std::ranges::find(topic_.columns, name, &columns::NamedType::name);
  return found == topic_.columns.end() ? -1 : static_cast<int32_t>(found - topic_.columns.begin());
}
const Field* TopicCheck::leaf(std::string_view name) const {
  const auto found = std::ranges::find(leaves_, name, &Field::name);
  return found == leaves_.end() ? nullptr : &*found;
}
bool TopicCheck::is_record(std::string_view name) const {
  return std::ranges::any_of(leaves_, [&](const Field& f) { return f.name.size() > name.size() && f.name.starts_with(name) && f.name[name.size()] == '.'; });
}

bool TopicCheck::exists(const PlacedText& field, const std::string& what) {
  if (leaf(field.value) != nullptr) return true;
  std::vector<std::string_view> names;
  for (const Field& other : leaves_) names.push_back(other.name);
  if (is_record(field.value))
    error(field.at(), "'" + field.value + "' is a record: " + what);
  else
    error(field.at(), topic_.topic + " has no field '" + excerpt(field.value) + "'" + did_you_mean(field.value, names));
  return false;
}

bool TopicCheck::is_new(const PlacedText& field) {
  const std::string& name = field.value;
  const std::string shown = "'" + excerpt(name) + "'";
  if (const auto before = derived_.find(name); before != derived_.end())
    return error(field.at(), shown + " is made twice, first " + in_line(before->second.at)), false;
  if (leaf(name) != nullptr) return error(field.at(), topic_.topic + " has a field " + shown + " already"), false;
  if (is_record(name)) return error(field.at(), shown + " is a record: name one of its fields"), false;
  for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
    if (leaf(name.substr(0, dot)) != nullptr) return error(field.at(), "'" + name.substr(0, dot) + "' is no record: it has no fields"), false;
  }
  if (!is_made_name(name))
    return error(field.at(), "a new field's name begins with a-z and goes on with a-z, 0-9 and _, at most 128 of them; this is " + shown), false;
  return true;
}

TopicCheck::Output* TopicCheck::output(std::string_view field) {
  const auto found = std::ranges::find(outputs_, field, &Output::field);
  return found == outputs_.end() ? nullptr : &*found;
}

// Nothing else says yet what is delivered there: two that did would have to agree which of them is the last.
bool TopicCheck::is_free(const PlacedText& field, const char* what) {
  const Output* other = output(field.value);
  if (other == nullptr) return true;
  std::string why;
  if (!other->renamed_to.empty())
    why = "is renamed to '" + other->renamed_to + "' " + in_line(other->at);
  else if (other->kind == RuleKind::kSet)
    why = "is set " + in_line(other->at) + ": let the value there be what is delivered";
  else
    why = std::string(other->kind == RuleKind::kRemove ? "is removed " : other->kind == RuleKind::kMask ? "is masked " : "is named ") + in_line(other->at);
  error(field.at(), "'" + field.value + "' " + why + ", and " + what + " here");
  return false;
}

void TopicCheck::overwrite(const SetRule& rule, int32_t column) {
  auto value = checked(rule.value, all_);
  if (value) {
    if (const std::string why = misfit(value->type(), topic_.columns[static_cast<size_t>(column)].type); !why.empty())
      error(rule.value.text.at(), "'" + rule.field.value + "' can't be set to this: " + why);
    for (const int32_t used : columns_used(*value)) {
      if (const Output* other = output(topic_.columns[static_cast<size_t>(used)].name))
        error(rule.value.text.at(),
              "'" + other->field + "' is set anew " + in_line(other->at) + ", and this would see it as it came: derive a new field, and use that in both");
    }
  }
  outputs_.push_back({RuleKind::kSet, rule.field.value, rule.field.at(), unparse(rule.value.ast), std::move(value), false, ""});
}

void TopicCheck::rename(const RenameRule& rule) {
  if (!exists(rule.from, "rename one of its fields")) return;
  if (derived_.contains(rule.from.value))
    return error(rule.from.at(), "'" + rule.from.value + "' is made " + in_line(derived_.at(rule.from.value).at) + ": give it this name there");
  if (!is_free(rule.from, "renamed") || !is_free(rule.to, "named so") || !is_new(rule.to)) return;
  outputs_.push_back({RuleKind::kRename, rule.to.value, rule.to.at(), as_expression(rule.from.value), std::nullopt, false, ""});
  outputs_.push_back({RuleKind::kRename, rule.from.value, rule.from.at(), "", std::nullopt, true, rule.to.value});
}

void TopicCheck::remove(const PlacedText& field) {
  if (!is_record(field.value)) {
    if (is_free(field, "removed") && exists(field, "")) outputs_.push_back({RuleKind::kRemove, field.value, field.at(), "", std::nullopt, true, ""});
    return;
  }
  for (const Field& leaf : leaves_) {
    if (!leaf.name.starts_with(field.value + ".")) continue;
    if (is_free({leaf.name, field.anchors}, "removed")) outputs_.push_back({RuleKind::kRemove, leaf.name, field.at(), "", std::nullopt, true, ""});
  }
}

void TopicCheck::mask(const MaskRule& rule) {
  const std::string& name = rule.field.value;
  Output* renamed = output(name);
  const bool by_new_name = renamed != nullptr && renamed->kind == RuleKind::kRename && !renamed->clears;
  if (!by_new_name && (!is_free(rule.field, "masked") || !exists(rule.field, "mask one of its fields"))) return;
  std::string source = name;
  if (by_new_name) {
    for (const Output& other : outputs_) {
      if (other.renamed_to == name) source = other.field;
    }
  }
  const Field& field = *leaf(source);
  if (field.type.is(TypeKind::kError)) return;
  if (by_new_name && renamed->text != as_expression(source)) return error(rule.field.at(), "'" + name + "' is masked twice");
  if (!field.type.is(TypeKind::kString))
    return error(rule.field.at(),
                 "a text is masked, and '" + source + "' is " + to_string(not_null(field.type)) + ": remove it, or set a new field to what may be seen of it");
  const auto& type = topic_.columns[static_cast<size_t>(field.column)].type;
  if (!by_new_name && !misfit(field.type, type).empty())
    return error(rule.field.at(), "'" + name + "' is " + columns::to_string(type) + ", where no masked text has a place: set a new field to " +
                                      masked(name, rule) + ", and remove '" + name + "'");
  const std::string text = as_expression(source), with = masked(text, rule);
  const std::string guarded = field.type.nullable ? text + " == null ? null : " + with : with;
  if (by_new_name)
    renamed->text = guarded;
  else
    outputs_.push_back({RuleKind::kMask, name, rule.field.at(), guarded, std::nullopt, false, ""});
}

void TopicCheck::deliver() {
  for (Output& output : outputs_) {
    CheckedRule rule;
    rule.stage = Stage::kOutput, rule.kind = output.kind, rule.name = output.field, rule.at = output.at, rule.clears = output.clears;
    rule.value = std::move(output.value);
    if (!output.clears && output.kind != RuleKind::kSet) rule.value = lowered(output.text, output.at);
    if (!output.clears && !rule.value) continue;  // told
    if (column(output.field) < 0 && rule.value) {
      const auto type = column_of(rule.value->type());
      if (!type) {
        error(output.at, type.error());
        continue;
      }
      derived_.emplace(output.field, Derived{output.at, rule.value->type()});
      topic_.columns.push_back({output.field, *type});
    }
    rule.column = column(output.field);
    topic_.rules.push_back(std::move(rule));
  }
}

std::string TopicCheck::delivered(const PlacedText& field) {
  const Output* other = output(field.value);
  if (other == nullptr) return exists(field, "carry one of its fields along") ? as_expression(field.value) : "";
  if (!other->clears) return other->text;
  const std::string why = other->renamed_to.empty() ? "is removed " : "is renamed to '" + other->renamed_to + "' ";
  error(field.at(), "'" + field.value + "' " + why + in_line(other->at));
  return "";
}

}  // namespace millrace::rules
