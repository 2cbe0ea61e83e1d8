#pragma once
// The catalog's REST API (contracts/openapi/catalog.yaml), as far as the command line needs it. One thread; nothing is repeated: whether a request
// that got no answer was carried out is told by the next look.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/http/client.h"
#include "rules/rule_file.h"

namespace millrace::rules_tools {

struct CatalogError {
  int status = 0;  // 0: no answer
  std::string message;
  rules::FileDiagnostics errors;  // of what was sent; line 0: of all of it
};
template <class T>
using CatalogResult = std::expected<T, CatalogError>;

struct CatalogRules {
  std::string text, etag;
  std::string version;  // of the catalog, that brought them
};
struct CatalogChange {
  std::string version, kind, author, comment;
  int64_t time_ms = 0;
};
struct CatalogTable {
  std::string name, key, columns, version;  // columns: "code string, tax decimal(18,1)"
  uint64_t rows = 0;
};
struct CatalogOutcome {
  std::string version, etag;
  bool changed = false;
};
struct ChangeNote {
  std::string author, comment;
  bool dry_run = false;
};
// When a change may be made.
struct OnlyIf {
  std::string match;     // If-Match: this etag is there now; "": whatever is
  bool nothing = false;  // If-None-Match: *
};

class CatalogClient {
 public:
  explicit CatalogClient(std::string url);

  CatalogResult<std::vector<std::string>> tenants();
  CatalogResult<std::optional<CatalogRules>> rules(const std::string& tenant);   // nothing: it has none
  CatalogResult<std::vector<CatalogChange>> history(const std::string& tenant);  // newest first
  CatalogResult<CatalogOutcome> put_rules(const std::string& tenant, std::string_view text, const OnlyIf& only_if, const ChangeNote& note);
  CatalogResult<CatalogOutcome> roll_back(const std::string& tenant, const std::string& version, const ChangeNote& note);
  CatalogResult<std::vector<CatalogTable>> tables();
  // CSV; `key` and `types` ("code:string,tax:decimal(10,2)") may be empty.
  CatalogResult<CatalogOutcome> put_table(const std::string& name, std::string_view csv, const std::string& key, const std::string& types,
                                          const ChangeNote& note);

  const std::string& url() const { return url_; }

 private:
  CatalogResult<http::Response> send(const std::string& method, const std::string& path, std::string_view body = {}, http::Headers headers = {});
  CatalogResult<CatalogOutcome> change(const std::string& method, const std::string& path, std::string_view body, http::Headers headers);

  std::string url_;
  http::Client http_;
};

}  // namespace millrace::rules_tools
