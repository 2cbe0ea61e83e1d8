#include "tools/audit/schemas.h"

#include <nlohmann/json.hpp>

#include "clients/http/client.h"

namespace millrace::audit {

Result<const DatumReader*> Schemas::find(uint32_t id) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = by_id_.find(id); found != by_id_.end()) return found->second.get();
  if (id > INT32_MAX) return by_id_[id].get();
  http::Client client;
  http::Request request;
  request.url = url_ + "/schemas/ids/" + std::to_string(id);
  auto response = client.send(request);
  if (!response) return std::unexpected(response.error());
  if (response->status == 404) return by_id_[id].get();  // nullptr
  const auto answer = nlohmann::json::parse(response->body, nullptr, false);
  if (response->status != 200 || !answer.is_object() || !answer.contains("schema"))
    return permanent("registry " + request.url + ": status " + std::to_string(response->status));
  auto reader = DatumReader::compile(answer["schema"].get<std::string>());
  if (!reader) return std::unexpected(reader.error());
  return (by_id_[id] = std::make_unique<DatumReader>(std::move(*reader))).get();
}

}  // namespace millrace::audit
