#pragma once
// What a worker keeps of the registry on disk, so that it starts while the registry is out of reach. One file, written whole, renamed into place.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/decode/registry_client.h"

namespace millrace::pipeline {

struct RememberedSchemas {
  std::map<int32_t, std::string> schemas;                       // text by id
  std::map<std::string, std::vector<SubjectVersion>> subjects;  // as last listed
};

// A file that isn't there is empty; a damaged one too, with a warning: the registry has it all.
RememberedSchemas read_schema_file(const std::string& path);
Status write_schema_file(const std::string& path, const RememberedSchemas& remembered);

}  // namespace millrace::pipeline
