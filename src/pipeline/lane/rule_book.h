#pragma once
// All tenants' rules for the topics of a pipeline, compiled for the schemas that they are read with, as of one version of the catalog.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "catalog_topic/catalog_contents.h"
#include "pipeline/decode/reader_schemas.h"
#include "pipeline/lane/rule_settings.h"
#include "pipeline/transform/topic_rules.h"

namespace millrace::pipeline {

class RuleBook {
 public:
  explicit RuleBook(uint64_t version, std::map<std::string, TopicRulesPtr, std::less<>> topics) : version_(version), topics_(std::move(topics)) {}
  uint64_t version() const { return version_; }             // of the catalog
  const TopicRulesPtr& find(std::string_view topic) const;  // nullptr: its rows stay as they are

 private:
  uint64_t version_ = 0;
  std::map<std::string, TopicRulesPtr, std::less<>> topics_;
};
using RuleBookPtr = std::shared_ptr<const RuleBook>;

// Compiles one version after the other; what didn't change since the last ones isn't compiled again. One thread at a time.
class RuleBookCompiler {
 public:
  RuleBookCompiler(RuleSettings settings, ReaderSchemasPtr schemas) : settings_(std::move(settings)), schemas_(std::move(schemas)) {}

  // The error: a set that isn't right for these schemas, or can't be compiled; all of its first tenant's errors.
  Result<RuleBookPtr> compile(const catalog_topic::CatalogContents& contents);

 private:
  struct Tenant {
    catalog_topic::ContentHash text;
    std::string tables;  // definitions that it was checked with
    std::map<std::string, CompiledTopicPtr, std::less<>> topics;
    bool needs_key = false;
  };
  Result<Tenant> compile_tenant(const std::string& name, const catalog_topic::RuleSetSource& source, const rules::RuleSurroundings& surroundings);

  RuleSettings settings_;
  ReaderSchemasPtr schemas_;
  std::map<std::string, RuleCompiler, std::less<>> compilers_;  // by topic
  std::map<std::string, Tenant, std::less<>> tenants_;          // of the last version
  std::map<std::string, std::pair<catalog_topic::ContentHash, std::shared_ptr<const rules::ReferenceRows>>, std::less<>> tables_;
};

// The hash of a catalog that has these schemas and contents.
Uuid catalog_hash(const ReaderSchemas& schemas, catalog_topic::CatalogHash contents, const RuleSettings& settings);

}  // namespace millrace::pipeline
