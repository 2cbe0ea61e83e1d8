#pragma once
// CSV as RFC 4180 has it, rows by LF or CRLF. A field in quotes is a text even when it is empty; without quotes, an empty one is no value.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::catalog_topic {

struct CsvField {
  std::string text;
  bool quoted = false;
  bool is_null() const { return text.empty() && !quoted; }
};

class CsvReader {
 public:
  explicit CsvReader(std::string_view text);  // which must outlive the reader
  // The next row, empty lines left out; false at the end, and after a broken row (see error()).
  bool next(std::vector<CsvField>& row);
  uint32_t line() const { return row_line_; }          // where the last row began, from 1
  const std::string& error() const { return error_; }  // "" if nothing is broken

 private:
  bool field(CsvField& out);
  std::string_view rest_;
  uint32_t line_ = 1, row_line_ = 1;
  std::string error_;
};

void append_csv_field(std::string& row, std::string_view text);  // in quotes where it must be, and when it is empty

}  // namespace millrace::catalog_topic
