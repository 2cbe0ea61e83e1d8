#pragma once
// If-Match and If-None-Match (RFC 9110, section 13.1) against what is there now.

#include <optional>
#include <string>
#include <string_view>

#include "catalog_topic/change.h"
#include "services/catalog/answer.h"

namespace millrace::catalog {

struct Precondition {
  std::optional<std::string> match, none_match;  // the headers' values
};

std::string etag(catalog_topic::ContentHash content);  // in its quotes

// `newest` is the last change of the entry, nullptr if there never was one; `what` names it: "the rules of acme". Nothing: go on.
std::optional<Refusal> refused(const Precondition& precondition, const catalog_topic::Change* newest, const std::string& what);

}  // namespace millrace::catalog
