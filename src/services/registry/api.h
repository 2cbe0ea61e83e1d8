#pragma once
// The REST API of the registry: a request in, an answer out. HTTP itself is the service's business.

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "services/registry/answer.h"
#include "services/registry/registration.h"
#include "topic_store/topic_store.h"

namespace millrace::registry {

struct Call {
  std::string method;  // GET, POST, PUT, DELETE
  std::string target;  // as the request line has it
  std::multimap<std::string, std::string> query;
  std::string body;
  std::vector<std::string> pieces{};  // what the pattern of the route left open; set by Api::serve

  bool flag(const std::string& name) const;  // "?name=true"
};

// Any thread, several at once. Reads answer from memory, whatever Kafka does; writes wait for it, at most kWritesMax at once,
// so that there are threads left for the reads.
class Api {
 public:
  static constexpr int kWritesMax = 8;
  struct Served {
    Answer answer;
    const char* route;  // the pattern, for metrics; "other" if none
  };

  Api(topic_store::TopicStore<SchemaState>& store, bool read_only) : store_(store), read_only_(read_only) {}
  Served serve(Call call);

 private:
  using Result = Decided<std::string>;  // the body of a 200
  struct Route {
    const char* method;
    const char* pattern;
    Result (Api::*act)(const Call&);
  };
  static const std::vector<Route>& routes();

  Result root(const Call&);
  Result types(const Call&);
  Result schema_by_id(const Call&);
  Result schema_text_by_id(const Call&);
  Result versions_by_id(const Call&);
  Result subjects_by_id(const Call&);
  Result subjects(const Call&);
  Result subject_versions(const Call&);
  Result subject_version(const Call&);
  Result subject_version_text(const Call&);
  Result look_up(const Call&);
  Result enroll(const Call&);
  Result compatibility(const Call&);
  Result get_level(const Call&);
  Result put_level(const Call&);
  Result get_mode(const Call&);

  // Runs a decision against the store. `decide` leaves its answer where the caller finds it.
  std::optional<Refusal> write(const std::function<std::vector<topic_store::NewRecord>(const SchemaState&)>& decide);

  topic_store::TopicStore<SchemaState>& store_;
  const bool read_only_;
  std::atomic<int> writes_{0};
};

}  // namespace millrace::registry
