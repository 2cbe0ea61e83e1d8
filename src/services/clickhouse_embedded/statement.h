#pragma once
// What kind of statement a text is, and for an INSERT with data: where the statement ends and the data begins. Only as much of
// the grammar as it takes to find the words at the outer level; the engine parses the rest.

#include <string>
#include <string_view>

namespace millrace::clickhouse_embedded {

struct Statement {
  enum class Kind {
    kRead,        // SELECT, WITH, SHOW, DESCRIBE, EXISTS, EXPLAIN: allowed with GET
    kInsertData,  // INSERT whose rows follow
    kOther,       // DDL, INSERT … SELECT, SET …
  } kind = Kind::kOther;
  bool streams = false;     // SELECT or WITH: may be answered in pieces
  std::string_view text;    // kInsertData: without FORMAT or VALUES and what follows
  std::string_view format;  // named by FORMAT; "Values" for VALUES; empty if none
  std::string_view data;    // kInsertData: what follows the format in the same text
};

Statement parse_statement(std::string_view text);

}  // namespace millrace::clickhouse_embedded
