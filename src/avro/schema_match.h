#pragma once
// Avro specification, "Schema Resolution", for one writer and one reader: which pairs of nodes resolve. A union branch or an enum
// symbol that the reader lacks doesn't make a pair unresolvable: it refuses the datum that holds it.

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "avro/schema.h"

namespace millrace::avro {

class SchemaMatch {
 public:
  bool resolves(const Node& writer, const Node& reader);
  // The branch of a reader's union for a writer's node that is no union: of the same type and full name, or the first that resolves.
  // nullptr if there is none.
  const Node* branch_for(const Node& writer, const Node& reader_union);
  // For each field of the reader the writer's, by name, then by the reader's aliases; -1 if there is none. None is given twice.
  static std::vector<int> writer_fields(const Node& writer, const Node& reader);
  // Least bytes that a value takes.
  size_t least_bytes(const Node& writer);

 private:
  bool resolves_now(const Node& writer, const Node& reader);
  bool fields_resolve(const Node& writer, const Node& reader);
  std::map<std::pair<const Node*, const Node*>, bool> known_;  // true while it is being found out: recursion resolves
  std::map<const Node*, size_t> least_;
};

}  // namespace millrace::avro
