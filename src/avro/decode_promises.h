#pragma once
// What fuzz target and mutation test of the decoder share: what it promises whatever a payload holds, and pairs (writer, reader) with
// every operation and what invites attacks.

#include <string>
#include <utility>
#include <vector>

#include "avro/decode_testing.h"
#include "columns/native_writer.h"

namespace millrace::avro::fuzz {

// Lengths of every buffer of the block.
inline std::vector<size_t> lengths(columns::Block& block) {
  std::vector<size_t> all;
  for (size_t i = 0; i < block.nodes_size(); ++i) {
    const columns::Column& column = *block.nodes()[i];
    all.push_back(column.marks().size());
    all.push_back(column.layout() == columns::Layout::kLowCardinality ? column.dictionary().text().size() : column.text_bytes().size());
  }
  return all;
}

// Parent and children agree about their rows, marks and bytes about their ends.
inline bool consistent(const columns::Column& column, size_t rows) {
  using columns::Layout;
  if (column.rows() != rows) return false;
  if (column.layout() == Layout::kNullable) return consistent(column.child(0), rows);
  if (column.layout() == Layout::kString) return rows == 0 || column.marks().at<uint32_t>(rows - 1) == column.text_bytes().size();
  if (column.layout() != Layout::kArray && column.layout() != Layout::kMap) return true;
  for (size_t i = 0; i < column.child_count(); ++i)
    if (!consistent(column.child(i), rows == 0 ? 0 : column.elements_end(rows - 1))) return false;
  return true;
}

// A record whose field `r` is 5,000 records deep: by names, not by brackets. They are defined in fields named from `prefix`.
inline std::string deep_record(const std::string& prefix) {
  std::string fields;
  for (int i = 0; i < 5000; ++i) {
    if (i % 500 == 0) fields += (i == 0 ? "" : R"(],"default":null},)") + std::string(R"({"name":")") + prefix + std::to_string(i) + R"(","type":["null")";
    fields += R"(,{"type":"record","name":"C)" + std::to_string(i) + R"(","fields":[{"name":"x","type":")" + (i == 0 ? "int" : "C" + std::to_string(i - 1)) +
              R"("}]})";
  }
  return testing::record(fields + R"(],"default":null},{"name":"r","type":"C4999"})");
}

// Decodes payload[begin …]: one row more in every column, or a rejection that names a byte there and a block as it was before.
// Otherwise the promise that was broken.
inline std::string broken_promise(const DecodeProgram& program, columns::Block& block, std::string_view payload, size_t begin) {
  const std::vector<size_t> before = lengths(block);
  const size_t rows = block.rows();
  columns::Buffer bytes_before, bytes_after;
  write_native(block, bytes_before);
  if (const auto done = program.append(payload, begin, block); !done) {
    const Rejection& why = done.error();
    if (block.rows() != rows || lengths(block) != before) return "a refusal leaves the block as it was";
    write_native(block, bytes_after);
    if (bytes_after.view() != bytes_before.view()) return "a refusal leaves the values as they were";
    if (why.stage != Stage::kDecode || why.byte < static_cast<int64_t>(begin) || why.byte > static_cast<int64_t>(payload.size()) ||
        !why.reason.ends_with("at byte " + std::to_string(why.byte)))
      return "a refusal names a byte of the payload: " + why.reason;
    return "";
  }
  block.end_row();
  for (size_t i = 0; i < block.column_count(); ++i)
    if (!consistent(block.column(i), rows + 1)) return "a row more in every column: " + block.name(i);
  return "";
}

inline std::vector<std::pair<std::string, std::string>> schema_pairs() {
  using testing::record;
  // Every type and logical type, nullable or not, alone and inside of arrays and maps.
  const std::string scalars = R"(
    {"name":"b","type":"boolean"},{"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"f","type":"float"},{"name":"d","type":"double"},
    {"name":"by","type":"bytes"},{"name":"s","type":"string"},{"name":"n","type":"null"},{"name":"f5","type":{"type":"fixed","name":"F5","size":5}},
    {"name":"f0","type":{"type":"fixed","name":"F0","size":0}},{"name":"f300","type":["null",{"type":"fixed","name":"F300","size":300}]},
    {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B","C"]}},{"name":"ne","type":["null","E"]})";
  const std::string logical = R"(
    {"name":"d4","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
    {"name":"d8","type":["null",{"type":"bytes","logicalType":"decimal","precision":18,"scale":4}]},
    {"name":"d16","type":{"type":"fixed","name":"F16","size":16,"logicalType":"decimal","precision":38,"scale":9}},
    {"name":"d76","type":{"type":"bytes","logicalType":"decimal","precision":76,"scale":38}},
    {"name":"d99","type":{"type":"bytes","logicalType":"decimal","precision":99,"scale":5}},
    {"name":"d40","type":{"type":"fixed","name":"F40","size":40,"logicalType":"decimal","precision":50,"scale":5}},
    {"name":"u","type":{"type":"string","logicalType":"uuid"}},{"name":"uf","type":{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}},
    {"name":"dt","type":{"type":"int","logicalType":"date"}},{"name":"tm","type":{"type":"int","logicalType":"time-millis"}},
    {"name":"t3","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"t6","type":{"type":"long","logicalType":"timestamp-micros"}},
    {"name":"t9","type":["null",{"type":"long","logicalType":"timestamp-nanos"}]},{"name":"lt","type":{"type":"long","logicalType":"local-timestamp-micros"}},
    {"name":"du","type":{"type":"fixed","name":"D12","size":12,"logicalType":"duration"}})";
  const std::string nested = R"(
    {"name":"a","type":{"type":"array","items":["null","string"]}},{"name":"aa","type":{"type":"array","items":{"type":"array","items":"long"}}},
    {"name":"m","type":{"type":"map","values":["null","double"]}},{"name":"ma","type":{"type":"map","values":{"type":"array","items":"bytes"}}},
    {"name":"r","type":["null",{"type":"record","name":"In","fields":[{"name":"x","type":"int"},{"name":"s","type":["null","string"]},
       {"name":"l","type":{"type":"array","items":"float"}}]}]},{"name":"ar","type":{"type":"array","items":"In"}},
    {"name":"mr","type":{"type":"map","values":"In"}},{"name":"un","type":["int","string","null","In"]},{"name":"z","type":{"type":"array","items":"null"}},
    {"name":"ze","type":{"type":"array","items":{"type":"fixed","name":"Z","size":0}}})";
  const std::string list = R"({"type":"record","name":"L","fields":[{"name":"v","type":"long"},{"name":"next","type":["null","L"]}]})";
  const std::string tree =
      R"({"type":"record","name":"T","fields":[{"name":"kids","type":{"type":"array","items":"T"}},{"name":"m","type":{"type":"map","values":["null","T"]}}]})";
  // 2^12 records of no bytes.
  std::string wide = R"({"type":"record","name":"W0","fields":[]})";
  for (int i = 1; i <= 12; ++i)
    wide = R"({"type":"record","name":"W)" + std::to_string(i) + R"(","fields":[{"name":"l","type":)" + wide + R"(},{"name":"r","type":"W)" +
           std::to_string(i - 1) + R"("}]})";
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& fields : {scalars, logical, nested}) {
    pairs.emplace_back(record(fields), record(fields));
    pairs.emplace_back(record(fields + R"(,{"name":"last","type":"int"})"), record(R"({"name":"last","type":"long"})"));  // all of it skipped
  }
  pairs.emplace_back(list, list), pairs.emplace_back(tree, tree);
  pairs.emplace_back(record(R"({"name":"t","type":)" + tree + R"(},{"name":"l","type":)" + list + "}"), record(R"({"name":"d","type":"int","default":7})"));
  pairs.emplace_back(record(R"({"name":"w","type":)" + wide + "}"), record(""));
  pairs.emplace_back(R"({"type":"array","items":)" + wide + "}", R"({"type":"array","items":)" + wide + "}");
  pairs.emplace_back(
      record(
          R"({"name":"a","type":"int"},{"name":"b","type":"long"},{"name":"c","type":"float"},{"name":"s","type":"bytes"},{"name":"y","type":"string"},{"name":"i","type":"int"})"),
      record(
          R"({"name":"a","type":"double"},{"name":"b","type":"float"},{"name":"c","type":["null","double"]},{"name":"s","type":"string"},{"name":"y","type":"bytes"},{"name":"i","type":["string","long"]})"));
  pairs.emplace_back(
      record(
          R"({"name":"t","type":{"type":"long","logicalType":"timestamp-nanos"}},{"name":"u","type":"int"},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B","C"]}})"),
      record(
          R"({"name":"t","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"u","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"e","type":["null",{"type":"enum","name":"E","symbols":["C","X"],"default":"X"}]})"));
  pairs.emplace_back(
      R"({"type":"array","items":{"type":"record","name":"G","fields":[]}})",
      R"({"type":"array","items":{"type":"record","name":"G","fields":[{"name":"s","type":"string","default":"xyz"},{"name":"a","type":{"type":"array","items":"null"},"default":[null,null]}]}})");
  pairs.emplace_back(R"(["null","int","string",{"type":"map","values":"string"},"double"])", R"(["string","null","long",{"type":"map","values":"bytes"}])");
  pairs.emplace_back(testing::kPageView, testing::kPageView);
  return pairs;
}

}  // namespace millrace::avro::fuzz
