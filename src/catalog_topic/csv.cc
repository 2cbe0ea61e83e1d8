#include "catalog_topic/csv.h"

namespace millrace::catalog_topic {

CsvReader::CsvReader(std::string_view text) : rest_(text) {
  if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
}

bool CsvReader::next(std::vector<CsvField>& row) {
  row.clear();
  while (rest_.starts_with('\n') || rest_.starts_with("\r\n")) {
    rest_.remove_prefix(rest_.front() == '\n' ? 1 : 2);
    ++line_;
  }
  row_line_ = line_;
  if (rest_.empty() || !error_.empty()) return false;
  while (true) {
    if (!field(row.emplace_back())) return false;
    if (rest_.empty()) return true;
    const char separator = rest_.front();
    rest_.remove_prefix(separator == '\r' ? 2 : 1);
    if (separator == ',') continue;
    ++line_;
    return true;
  }
}

// Up to the separator, which stays.
bool CsvReader::field(CsvField& out) {
  if (!rest_.starts_with('"')) {
    size_t end = rest_.find_first_of(",\n\"");
    if (end != rest_.npos && rest_[end] == '"') {
      error_ = "a quote within a field that doesn't begin with one: write \"…\"\"…\"";
      return false;
    }
    if (end == rest_.npos) end = rest_.size();
    const size_t size = end < rest_.size() && rest_[end] == '\n' && end > 0 && rest_[end - 1] == '\r' ? end - 1 : end;
    out.text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  out.quoted = true;
  rest_.remove_prefix(1);
  while (true) {
    const size_t quote = rest_.find('"');
    if (quote == rest_.npos) {
      error_ = "the quote that begins here in this row never ends";
      return false;
    }
    const std::string_view piece = rest_.substr(0, quote);
    for (const char c : piece) line_ += c == '\n';
    out.text += piece;
    rest_.remove_prefix(quote + 1);
    if (!rest_.starts_with('"')) break;
    out.text += '"';
    rest_.remove_prefix(1);
  }
  if (rest_.empty() || rest_.front() == ',' || rest_.front() == '\n' || rest_.starts_with("\r\n")) return true;
  error_ = "something follows a closing quote: a quote within a field is written twice";
  return false;
}

void append_csv_field(std::string& row, std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == text.npos) {
    row += text;
    return;
  }
  row += '"';
  for (const char c : text) row.append(c == '"' ? 2 : 1, c);
  row += '"';
}

}  // namespace millrace::catalog_topic
