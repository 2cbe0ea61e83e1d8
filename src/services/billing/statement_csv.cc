#include "services/billing/statement_csv.h"

namespace millrace::billing {
namespace {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string statement_csv(const std::string& tenant, Month month, const Statement& statement) {
  std::string csv = "tenant,month,state,line,of_month,meter,unit,quantity\n";
  const std::string begin = csv_field(tenant) + ',' + to_string(month) + (statement.closed ? ",closed," : ",open,");
  for (const auto& line : statement.lines)
    csv += begin + (line.kind == StatementLine::Kind::kUsage ? "usage," : "adjustment,") + to_string(line.of_month) + ',' + csv_field(line.meter) + ',' +
           csv_field(line.unit) + ',' + to_string(line.quantity) + '\n';
  return csv;
}

}  // namespace millrace::billing
