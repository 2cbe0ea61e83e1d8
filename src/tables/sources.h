#pragma once
// Where the schemas of topics come from: files, or the registry.

#include <string>
#include <vector>

#include "base/result.h"
#include "columns/block.h"

namespace millrace::tables {

struct TopicSchema {
  std::string topic, json, origin;  // origin: the file or subject, for messages
  int version = 0;                  // of the subject; 0: not known
};

// DIR/<topic>.avsc for each of `topics`, or every .avsc of the directory if there are none.
Result<std::vector<TopicSchema>> schemas_of_directory(const std::string& directory, const std::vector<std::string>& topics);
// The latest version of <topic>-value for each of `topics`, or of every such subject if there are none.
Result<std::vector<TopicSchema>> schemas_of_registry(const std::string& url, const std::vector<std::string>& topics);
// Likewise every version that isn't deleted, in their order.
Result<std::vector<TopicSchema>> versions_of_registry(const std::string& url, const std::vector<std::string>& topics);
// The event columns, as the decoder fills them.
Result<std::vector<columns::NamedType>> columns_of(const TopicSchema& schema);

}  // namespace millrace::tables
