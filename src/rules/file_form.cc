#include "rules/file_form.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include "rules/parser.h"

namespace millrace::rules {
namespace {

constexpr size_t kErrorsMax = 100;

std::string kind_of(const FileNode& node) {
  switch (node.kind) {
    case FileNode::Kind::kNothing: return "nothing";
    case FileNode::Kind::kText: return "'" + excerpt(node.text.value) + "'";
    case FileNode::Kind::kList: return "a list";
    case FileNode::Kind::kMap: return "a map";
  }
  return "";
}

// As CEL and Avro have them.
bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

bool looks_like_text(const FileNode& node) {
  if (node.quoted) return true;
  const std::string& text = node.text.value;
  for (const std::string_view word : {"null", "Null", "NULL", "~", "true", "True", "TRUE", "false", "False", "FALSE"}) {
    if (text == word) return false;
  }
  double value = 0;
  const size_t sign = text.starts_with('+') ? 1 : 0;
  const auto [end, error] = std::from_chars(text.data() + sign, text.data() + text.size(), value);
  return error != std::errc() || end != text.data() + text.size();
}

std::string list_of(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) (text += text.empty() ? "" : ", ") += word;
  return text;
}

void FileForm::error(Position at, std::string message) {
  if (errors_.size() < kErrorsMax) errors_.push_back({at, std::move(message)});
}

void FileForm::entries(const FileNode& node, const std::string& what, const std::function<void(const PlacedText&, const FileNode&)>& take) {
  if (node.kind != FileNode::Kind::kMap) return error(node.at, what + " is a map (name: …); this is " + kind_of(node));
  std::map<std::string_view, Position> seen;
  for (size_t i = 0; i + 1 < node.parts.size(); i += 2) {
    const FileNode& key = node.parts[i];
    if (key.kind != FileNode::Kind::kText) {
      error(key.at, "a name stands before the colon; this is " + kind_of(key));
      continue;
    }
    const auto [first, is_new] = seen.emplace(key.text.value, key.text.at());
    if (is_new)
      take(key.text, node.parts[i + 1]);
    else
      error(key.text.at(), "'" + excerpt(key.text.value) + "' stands here twice, first in line " + std::to_string(first->second.line));
  }
}

void FileForm::map(const FileNode& node, const std::string& what, std::span<const Key> keys) {
  std::vector<std::string_view> names, found;
  for (const Key& key : keys) names.push_back(key.name);
  if (node.kind != FileNode::Kind::kMap) return error(node.at, what + " is a map of " + list_of(names) + "; this is " + kind_of(node));
  entries(node, what, [&](const PlacedText& name, const FileNode& value) {
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == name.value; });
    if (key == keys.end()) {
      std::string hint = did_you_mean(name.value, names);
      if (hint.empty()) hint = "; there are " + list_of(names);
      return error(name.at(), what + " has no '" + excerpt(name.value) + "'" + hint);
    }
    found.push_back(key->name);
    key->take(value);
  });
  for (const Key& key : keys) {
    if (key.need == Need::kRequired && std::find(found.begin(), found.end(), key.name) == found.end())
      error(node.at, what + " needs '" + std::string(key.name) + "'");
  }
}

void FileForm::list(const FileNode& node, const std::string& what, const Take& take) {
  if (node.kind != FileNode::Kind::kList) return error(node.at, what + " is a list (- …); this is " + kind_of(node));
  for (const FileNode& part : node.parts) take(part);
}

PlacedText FileForm::text(const FileNode& node, const std::string& what, size_t bytes_max) {
  if (node.kind != FileNode::Kind::kText || (!node.quoted && node.text.value.empty()))
    error(node.at, what + " is a text; this is " + kind_of(node));
  else if (!looks_like_text(node))
    error(node.at, what + " is a text: write it in quotes, \"" + excerpt(node.text.value) + "\"");
  else if (node.text.value.empty() || node.text.value.size() > bytes_max)
    error(node.at, what + " has 1 to " + std::to_string(bytes_max) + " bytes; this has " + std::to_string(node.text.value.size()));
  else
    return node.text;
  return {"", {{0, node.at}}};
}

PlacedText FileForm::of_letters(const FileNode& node, const std::string& what, bool capitals, const char* letters) {
  PlacedText text = this->text(node, what, 10'000);
  if (text.value.empty()) return text;
  const auto good = [&](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || (capitals && c >= 'A' && c <= 'Z'); };
  if (text.value.size() <= 64 && std::all_of(text.value.begin(), text.value.end(), good)) return text;
  error(text.at(), what + " consists of " + letters + ", at most 64 of them; this is '" + excerpt(text.value) + "'");
  text.value.clear();
  return text;
}

PlacedText FileForm::name(const FileNode& node, const std::string& what) { return of_letters(node, what, false, "a-z, 0-9, _ and -"); }
PlacedText FileForm::unit(const FileNode& node, const std::string& what) { return of_letters(node, what, true, "a-z, A-Z, 0-9, _ and -"); }

bool FileForm::is_field_name(const PlacedText& text, const std::string& what) {
  std::string_view rest = text.value;
  bool good = rest.size() <= 256;
  for (size_t dot = 0; good && dot != rest.npos;) {
    dot = rest.find('.');
    good = is_identifier(rest.substr(0, dot));
    if (dot != rest.npos) rest.remove_prefix(dot + 1);
  }
  if (!good) error(text.at(), what + " is the name of a field, a or a.b; this is '" + excerpt(text.value) + "'");
  return good;
}

PlacedText FileForm::field_name(const FileNode& node, const std::string& what) {
  PlacedText text = this->text(node, what, 10'000);
  if (!text.value.empty() && !is_field_name(text, what)) text.value.clear();
  return text;
}

std::optional<Expression> FileForm::expression(const FileNode& node, const std::string& what) {
  if (node.kind != FileNode::Kind::kText) {
    std::string hint;
    if (node.kind == FileNode::Kind::kMap || node.kind == FileNode::Kind::kList) hint = ": an expression that begins with { or [ is written in quotes";
    return error(node.at, what + " is an expression; this is " + kind_of(node) + hint), std::nullopt;
  }
  PlacedText text = node.text;
  while (!text.value.empty() && std::isspace(static_cast<unsigned char>(text.value.back()))) text.value.pop_back();
  if (text.value.empty()) return error(node.at, what + " is an expression; this is nothing"), std::nullopt;
  auto ast = parse(text.value);
  if (ast) return Expression{std::move(text), std::move(*ast)};
  for (const Diagnostic& diagnostic : ast.error()) error(text.at(diagnostic.span.begin), diagnostic.message);
  return std::nullopt;
}

std::optional<double> FileForm::number(const FileNode& node, const std::string& what) {
  double value = 0;
  const std::string& text = node.text.value;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (node.kind == FileNode::Kind::kText && !node.quoted && problem == std::errc() && end == text.data() + text.size()) return value;
  return error(node.at, what + " is a number; this is " + kind_of(node)), std::nullopt;
}

std::optional<uint32_t> FileForm::whole_number(const FileNode& node, const std::string& what, uint32_t most) {
  uint32_t value = 0;
  const std::string& text = node.text.value;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = node.kind == FileNode::Kind::kText && !node.quoted && problem == std::errc() && end == text.data() + text.size() && value <= most;
  if (good) return value;
  return error(node.at, what + " is a whole number from 0 to " + std::to_string(most) + "; this is " + kind_of(node)), std::nullopt;
}

std::optional<bool> FileForm::yes_or_no(const FileNode& node, const std::string& what) {
  if (node.kind == FileNode::Kind::kText && !node.quoted && (node.text.value == "true" || node.text.value == "false")) return node.text.value == "true";
  return error(node.at, what + " is true or false; this is " + kind_of(node)), std::nullopt;
}

std::optional<size_t> FileForm::word(const FileNode& node, const std::string& what, std::span<const std::string_view> words) {
  const auto found = std::find(words.begin(), words.end(), node.text.value);
  if (node.kind == FileNode::Kind::kText && found != words.end()) return static_cast<size_t>(found - words.begin());
  return error(node.at, what + " is one of " + list_of(words) + "; this is " + kind_of(node)), std::nullopt;
}

}  // namespace millrace::rules
