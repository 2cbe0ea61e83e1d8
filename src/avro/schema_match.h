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
  // False too where it gave up, see too_large().
  bool resolves(const Node& writer, const Node& reader);
  // The branch of a reader's union for a writer's node that is no union: of the same type and full name, or the first that resolves.
  // nullptr if there is none.
  const Node* branch_for(const Node& writer, const Node& reader_union);
  // For each field of the reader the writer's, by name, then by the reader's aliases; -1 if there is none. None is given twice.
  static std::vector<int> writer_fields(const Node& writer, const Node& reader);
  // Some pair lay too deep (names inside of names), or the pairs were too many: nothing that was said since then counts.
  bool too_large() const { return too_large_; }
  // Least bytes that a value takes, or less where records lie very deep.
  size_t least_bytes(const Node& writer);

 private:
  bool resolves_now(const Node& writer, const Node& reader);
  bool fields_resolve(const Node& writer, const Node& reader);
  static constexpr int kDepthMax = 1000, kWorkMax = 1 << 18;
  using Pair = std::pair<const Node*, const Node*>;
  std::map<Pair, bool> known_;  // true while it is being found out: recursion resolves
  std::vector<Pair> believed_;  // those that are true in known_, in the order in which they were begun
  std::map<const Node*, size_t> least_;
  int depth_ = 0, work_ = 0;
  bool too_large_ = false;
};

}  // namespace millrace::avro
