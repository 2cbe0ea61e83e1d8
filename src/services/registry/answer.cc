#include "services/registry/answer.h"

#include <nlohmann/json.hpp>

namespace millrace::registry {

std::string text_of(const nlohmann::ordered_json& value) { return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace); }

Answer answer_of(const Refusal& refusal) {
  const nlohmann::ordered_json body = {{"error_code", refusal.code}, {"message", refusal.message}};
  return {refusal.status, text_of(body)};
}

Refusal no_route(const std::string& method, const std::string& path) {
  if (method == "DELETE" || method == "PUT") return {405, 405, method + " " + path + " isn't offered: this registry forgets nothing and sets no modes"};
  return {404, 404, "HTTP 404 Not Found: " + method + " " + path + " isn't part of this registry"};
}
Refusal subject_not_found(const std::string& subject) { return {404, 40401, "Subject '" + subject + "' not found."}; }
Refusal version_not_found(const std::string& version) { return {404, 40402, "Version " + version + " not found."}; }
Refusal schema_not_found() { return {404, 40403, "Schema not found"}; }
Refusal schema_id_not_found(const std::string& id) { return {404, 40403, "Schema " + id + " not found"}; }
Refusal level_not_set(const std::string& subject) { return {404, 40408, "Subject '" + subject + "' does not have subject-level compatibility configured"}; }
Refusal mode_not_set(const std::string& subject) { return {404, 40409, "Subject '" + subject + "' does not have subject-level mode configured"}; }
Refusal bad_request(const std::string& why) { return {400, 400, why}; }
Refusal invalid_schema(const std::string& why) { return {422, 42201, "Invalid schema: " + why}; }
Refusal invalid_version(const std::string& version) {
  return {422, 42202, "The specified version '" + version + "' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""};
}
Refusal invalid_level(const std::string& level) {
  return {422, 42203,
          "Invalid compatibility level '" + level +
              "'. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive"};
}
Refusal not_permitted(const std::string& why) { return {422, 42205, why}; }
Refusal invalid_subject(const std::string& subject) { return {422, 42208, "The specified subject '" + subject + "' is not a valid."}; }
Refusal incompatible(const std::string& subject, const std::string& reasons) {
  return {409, 409, "Schema being registered is incompatible with an earlier schema for subject \"" + subject + "\", details: " + reasons};
}
Refusal store_failed(const std::string& why) { return {500, 50001, "Error in the backend data store: " + why}; }
Refusal store_timed_out(const std::string& why) { return {500, 50002, "Operation timed out: " + why}; }
Refusal too_many_writes() { return {500, 50003, "Too many writes wait for Kafka already; nothing was written: try again later"}; }

}  // namespace millrace::registry
