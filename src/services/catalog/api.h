#pragma once
// The REST API of the catalog (contracts/openapi/catalog.yaml): a request in, an answer out. HTTP itself is the service's business.

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/catalog/answer.h"
#include "services/catalog/column_maker.h"
#include "services/catalog/schema_versions.h"
#include "services/catalog/upload.h"
#include "topic_store/topic_store.h"

namespace millrace::catalog {

struct Call {
  std::string method;  // GET, POST, PUT, DELETE
  std::string target;  // as the request line has it
  std::multimap<std::string, std::string> query;
  std::string body{}, content_type{}, accept{};
  Precondition precondition{};
  std::vector<std::string> pieces{};  // what the pattern of the route left open; set by Api::serve

  std::optional<std::string> parameter(const std::string& name) const;
};

// Any thread, several at once. Reads answer from memory, whatever Kafka does; writes wait for it, at most kWritesMax at once,
// so that there are threads left for the reads.
class Api {
 public:
  static constexpr int kWritesMax = 8;
  using Store = topic_store::TopicStore<catalog_topic::CatalogState>;
  struct Served {
    Answer answer;
    const char* route;  // the pattern, for metrics; "other" if none
  };

  // `columns` may be nullptr: then somebody else sees to ClickHouse's tables.
  Api(Store& store, SchemaVersions& schemas, ColumnMaker* columns) : store_(store), schemas_(schemas), columns_(columns) {}
  Served serve(Call call);

 private:
  using Result = Decided<Answer>;
  struct Route {
    const char* method;
    const char* pattern;
    Result (Api::*act)(const Call&);
  };
  static const std::vector<Route>& routes();

  Result catalog(const Call&);
  Result versions(const Call&);
  // tenants_api.cc
  Result tenants(const Call&);
  Result get_rules(const Call&);
  Result put_rules(const Call&);
  Result delete_rules(const Call&);
  Result rules_versions(const Call&);
  Result rules_version(const Call&);
  Result rules_diff(const Call&);
  Result roll_back(const Call&);
  // tables_api.cc
  Result tables(const Call&);
  Result get_table(const Call&);
  Result put_table(const Call&);
  Result delete_table(const Call&);

  Decided<std::shared_ptr<const catalog_topic::RuleSetSource>> checked(const std::string& tenant, const std::string& text);
  Result put_text(const Call& call, const std::string& tenant, const std::string& text, const std::string& comment);
  // What is the same of all uploads, from the call.
  Decided<Upload> begun(const Call& call, catalog_topic::EntryKind kind, const std::string& name) const;
  // publishing.cc: decides, makes the tables ready, writes. With ?dry_run=true it only looks whether it could.
  Result publish(const Call& call, const Upload& upload);
  Decided<Outcome> write(const Upload& upload);
  std::optional<Refusal> write_chunks(const catalog_topic::TableSource& table);

  Store& store_;
  SchemaVersions& schemas_;
  ColumnMaker* const columns_;
  std::atomic<int> writes_{0};
};

// Of answers: {"version": …, "author": …}, what is known of a change without its contents.
std::string described(const catalog_topic::Change& change);
std::optional<uint64_t> read_number(const std::string& text);

}  // namespace millrace::catalog
