#include "clients/object_store/xml_text.h"

#include <utility>

namespace millrace::object_store {
namespace {

std::string unescaped(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kEntities[] = {{"&amp;", '&'},   {"&lt;", '<'},  {"&gt;", '>'},  {"&quot;", '"'},
                                                                    {"&apos;", '\''}, {"&#34;", '"'}, {"&#39;", '\''}};
  std::string plain;
  while (!text.empty()) {
    bool replaced = false;
    for (const auto& [entity, character] : kEntities) {
      if (!text.starts_with(entity)) continue;
      plain += character;
      text.remove_prefix(entity.size());
      replaced = true;
      break;
    }
    if (replaced) continue;
    plain += text.front();
    text.remove_prefix(1);
  }
  return plain;
}

}  // namespace

std::vector<std::string_view> elements(std::string_view xml, std::string_view name) {
  const std::string opening = "<" + std::string(name), closing = "</" + std::string(name) + ">";
  std::vector<std::string_view> found;
  for (size_t at = xml.find(opening); at != xml.npos; at = xml.find(opening, at)) {
    at += opening.size();
    if (at >= xml.size() || (xml[at] != '>' && xml[at] != ' ' && xml[at] != '\n')) continue;  // a longer name
    const size_t begin = xml.find('>', at), end = begin == xml.npos ? xml.npos : xml.find(closing, begin);
    if (end == xml.npos) break;
    found.push_back(xml.substr(begin + 1, end - begin - 1));
    at = end;
  }
  return found;
}

std::optional<std::string> element(std::string_view xml, std::string_view name) {
  const auto all = elements(xml, name);
  if (all.empty()) return std::nullopt;
  return unescaped(all.front());
}

}  // namespace millrace::object_store
