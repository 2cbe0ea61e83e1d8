#pragma once
// What a rule set that was uploaded means: read, checked against every schema version of its topics, and what it needs of tables.

#include <memory>
#include <string>

#include "catalog_topic/catalog_contents.h"
#include "rules/rule_set_check.h"
#include "services/catalog/upload.h"

namespace millrace::catalog {

// The topics that the set speaks of, and the tables of the catalog.
Decided<rules::RuleSet> read_rules(const std::string& text, const std::string& tenant);
Decided<std::shared_ptr<const catalog_topic::RuleSetSource>> check_rules(const std::string& text, const rules::RuleSet& set,
                                                                         rules::RuleSurroundings surroundings, const catalog_topic::CatalogContents& contents);

}  // namespace millrace::catalog
