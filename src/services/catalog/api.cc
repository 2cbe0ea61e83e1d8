#include "services/catalog/api.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "clients/http_server/path.h"

namespace millrace::catalog {

using namespace catalog_topic;
using nlohmann::ordered_json;

std::optional<std::string> Call::parameter(const std::string& name) const {
  const auto it = query.find(name);
  if (it == query.end()) return std::nullopt;
  return it->second;
}

std::optional<uint64_t> read_number(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string described(const Change& change) {
  ordered_json out = {{"version", change.number}};
  out["kind"] = change.kind == EntryKind::kTable ? change.removes() ? "table_removed" : "table" : change.removes() ? "rules_removed" : "rules";
  out[change.kind == EntryKind::kTable ? "table" : "tenant"] = change.name;
  if (!change.removes()) out["content_hash"] = to_string(change.content());
  if (change.table) out["rows"] = change.table->rows;
  out["author"] = change.author;
  out["comment"] = change.comment;
  out["time_ms"] = change.time_ms;
  out["hash"] = to_string(change.hash);
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

const std::vector<Api::Route>& Api::routes() {
  static const std::vector<Route> all = {
      {"GET", "/v1/catalog", &Api::catalog},
      {"GET", "/v1/catalog/versions", &Api::versions},
      {"GET", "/v1/tenants", &Api::tenants},
      {"GET", "/v1/tenants/{tenant}/rules", &Api::get_rules},
      {"PUT", "/v1/tenants/{tenant}/rules", &Api::put_rules},
      {"DELETE", "/v1/tenants/{tenant}/rules", &Api::delete_rules},
      {"GET", "/v1/tenants/{tenant}/rules/versions", &Api::rules_versions},
      {"GET", "/v1/tenants/{tenant}/rules/versions/{version}", &Api::rules_version},
      {"GET", "/v1/tenants/{tenant}/rules/versions/{version}/diff", &Api::rules_diff},
      {"POST", "/v1/tenants/{tenant}/rules/rollback", &Api::roll_back},
      {"GET", "/v1/tables", &Api::tables},
      {"GET", "/v1/tables/{name}", &Api::get_table},
      {"PUT", "/v1/tables/{name}", &Api::put_table},
      {"DELETE", "/v1/tables/{name}", &Api::delete_table},
  };
  return all;
}

Api::Served Api::serve(Call call) {
  bool path_known = false;
  for (const Route& route : routes()) {
    auto pieces = http_server::match_path(route.pattern, call.target);
    if (!pieces) continue;
    path_known = true;
    if (call.method != route.method) continue;
    call.pieces = std::move(*pieces);
    auto done = (this->*route.act)(call);
    return {done ? std::move(*done) : answer_of(done.error()), route.pattern};
  }
  if (path_known) return {answer_of({405, call.method + " isn't offered for " + call.target}), "other"};
  return {answer_of({404, call.method + " " + call.target + " isn't part of this service: see contracts/openapi/catalog.yaml"}), "other"};
}

Api::Result Api::catalog(const Call&) {
  return store_.read([&](const CatalogState& state) -> Result {
    const auto contents = state.current();
    if (!contents) return std::unexpected(Refusal{500, contents.error()});
    const ordered_json out = {{"version", (*contents)->version},      {"hash", to_string((*contents)->hash)}, {"tenants", (*contents)->tenants.size()},
                              {"tables", (*contents)->tables.size()}, {"oldest_version", state.floor()},      {"problems", state.problems()}};
    return Answer{200, out.dump(-1, ' ', false, ordered_json::error_handler_t::replace)};
  });
}

Api::Result Api::versions(const Call& call) {
  constexpr uint64_t kMost = 1000;
  const auto limit = read_number(call.parameter("limit").value_or("100")), before = read_number(call.parameter("before").value_or("1000000000000"));
  if (!limit || !before || *limit == 0 || *limit > kMost) return std::unexpected(Refusal{400, "limit is a number from 1 to 1000, before a version"});
  return store_.read([&](const CatalogState& state) -> Result {
    std::string body = "[";
    for (const Change* change : state.changes(*before, *limit)) body += (body.size() > 1 ? "," : "") + described(*change);
    return Answer{200, body + "]"};
  });
}

}  // namespace millrace::catalog
