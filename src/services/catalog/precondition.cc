#include "services/catalog/precondition.h"

namespace millrace::catalog {
namespace {

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whether the header's value, "*" or a list of tags, names this one. A weak tag (W/"…") names nothing: contents are equal or they aren't.
bool names(std::string_view list, const std::optional<std::string>& tag) {
  if (without_blanks(list) == "*") return tag.has_value();
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    const std::string_view one = without_blanks(list.substr(0, end));
    if (tag && (one == *tag || "\"" + std::string(one) + "\"" == *tag)) return true;  // without quotes too: shells eat them
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

std::string etag(catalog_topic::ContentHash content) { return "\"" + to_string(content) + "\""; }

std::optional<Refusal> refused(const Precondition& precondition, const catalog_topic::Change* newest, const std::string& what) {
  const bool there = newest && !newest->removes();
  const std::optional<std::string> tag = there ? std::optional(etag(newest->content())) : std::nullopt;
  const bool match = !precondition.match || names(*precondition.match, tag);
  const bool none_match = !precondition.none_match || !names(*precondition.none_match, tag);
  if (match && none_match) return std::nullopt;
  std::string now = "there is nothing now";
  if (newest) {
    const std::string by = newest->author.empty() ? "" : " by " + newest->author;
    now = (there ? "what is there now is " + *tag + ", of version " : "they were removed by version ") + std::to_string(newest->number) + by;
  }
  return Refusal{412, what + ": " + (match ? "If-None-Match " + *precondition.none_match : "If-Match " + *precondition.match) + " doesn't hold: " + now};
}

}  // namespace millrace::catalog
