// libFuzzer: hostile schemas. The input is `writer \0 reader \0 payload`, what is missing is empty (then the writer reads itself).
// Parsing, comparing, compiling and decoding end in an error or a value, in bounded time and memory.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "avro/compatibility.h"
#include "avro/decode_promises.h"
#include "base/fuzz_seeds.h"

namespace millrace::avro {
namespace {

// A name without a namespace inside of a named one: its canonical form (the specification's) is read as another name.
bool loses_namespace(const Node& node, std::string_view space, std::vector<const Node*>& seen) {
  if (std::find(seen.begin(), seen.end(), &node) != seen.end()) return node.named() && node.name_space().empty() && !space.empty();
  seen.push_back(&node);
  if (node.named()) {
    if (node.name_space().empty() && !space.empty()) return true;
    space = node.name_space();
  }
  return (node.items != nullptr && loses_namespace(*node.items, space, seen)) ||
         std::any_of(node.fields.begin(), node.fields.end(), [&](const Field& field) { return loses_namespace(*field.type, space, seen); }) ||
         std::any_of(node.branches.begin(), node.branches.end(), [&](const Node* branch) { return loses_namespace(*branch, space, seen); });
}

void check_canonical(const Schema& schema) {
  std::vector<const Node*> seen;
  if (schema.node_count() > 2000 || loses_namespace(schema.root(), "", seen)) return;
  const auto again = Schema::parse(schema.canonical());
  MILLRACE_FUZZ_EXPECT(again.has_value(), "a canonical form is a schema: " + schema.canonical());
  MILLRACE_FUZZ_EXPECT((*again)->canonical() == schema.canonical() && (*again)->fingerprint() == schema.fingerprint(),
                       "the canonical form of a canonical form is itself: " + schema.canonical());
}

void run(std::string_view input) {
  auto take = [&] {
    const size_t end = std::min(input.find('\0'), input.size());
    const std::string_view part = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    return part;
  };
  const auto writer = Schema::parse(take());
  const std::string_view reader_text = take();
  if (!writer) {
    MILLRACE_FUZZ_EXPECT(!writer.error().message.empty(), "an error says something");
    return;
  }
  check_canonical(**writer);
  const auto reader = reader_text.empty() ? writer : Schema::parse(reader_text);
  if (!reader) return;
  const auto reasons = incompatibilities(**reader, **writer);
  for (const auto form : {MappingOptions::Form::kColumns, MappingOptions::Form::kJson}) {
    MappingOptions options;
    options.form = form;
    const auto program = DecodeProgram::compile(**writer, **reader, options);
    if (!program) {
      MILLRACE_FUZZ_EXPECT(!reasons.empty() || program.error().code == RejectionCode::kTooLarge, "compatible schemas compile: " + program.error().reason);
      continue;
    }
    columns::Block block(program->columns());
    if (program->append(input, 0, block)) block.end_row();
    for (size_t i = 0; i < block.column_count(); ++i) MILLRACE_FUZZ_EXPECT(block.column(i).rows() == block.rows(), "every column has every row");
  }
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const auto& [writer, reader] : fuzz::schema_pairs()) all.push_back(writer + '\0' + reader + '\0' + std::string(40, '\2'));
  for (const char* name : {"avro_schemas.jsonl", "avro_compat.jsonl"}) {
    std::ifstream cases(MILLRACE_SOURCE_DIR "/tests/cases/" + std::string(name));
    for (std::string line; std::getline(cases, line);) {
      const auto test = nlohmann::json::parse(line);
      all.push_back(test.contains("schema") ? test["schema"].get<std::string>() : test["writer"].dump() + '\0' + test["reader"].dump());
    }
  }
  return all;
}

}  // namespace
}  // namespace millrace::avro

MILLRACE_FUZZ_TARGET(millrace::avro::run, millrace::avro::seeds)
