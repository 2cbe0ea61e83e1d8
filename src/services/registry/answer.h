#pragma once
// What a request is answered, with Confluent's error codes (its rest/exceptions/Errors.java) and sentences.

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace millrace::registry {

inline constexpr const char* kContentType = "application/vnd.schemaregistry.v1+json";

struct Answer {
  int status = 200;
  std::string body;  // JSON
};

struct Refusal {
  int status;  // of HTTP
  int code;    // Confluent's: the status, or five digits that begin with it (50002 goes out with 500)
  std::string message;
};

std::string text_of(const nlohmann::ordered_json& value);  // one line; what isn\'t UTF-8 is replaced
Answer answer_of(const Refusal& refusal);                  // {"error_code":…,"message":…}

Refusal no_route(const std::string& method, const std::string& path);
Refusal subject_not_found(const std::string& subject);                         // 40401
Refusal version_not_found(const std::string& version);                         // 40402
Refusal schema_not_found();                                                    // 40403
Refusal schema_id_not_found(const std::string& id);                            // 40403
Refusal level_not_set(const std::string& subject);                             // 40408
Refusal mode_not_set(const std::string& subject);                              // 40409
Refusal bad_request(const std::string& why);                                   // 400
Refusal invalid_schema(const std::string& why);                                // 42201
Refusal invalid_version(const std::string& version);                           // 42202
Refusal invalid_level(const std::string& level);                               // 42203
Refusal not_permitted(const std::string& why);                                 // 42205
Refusal invalid_subject(const std::string& subject);                           // 42208
Refusal incompatible(const std::string& subject, const std::string& reasons);  // 409
Refusal store_failed(const std::string& why);                                  // 50001
Refusal store_timed_out(const std::string& why);                               // 50002
Refusal too_many_writes();                                                     // 50003

}  // namespace millrace::registry
