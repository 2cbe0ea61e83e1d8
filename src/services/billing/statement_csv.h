#pragma once
// A tenant's month as CSV.

#include <string>

#include "services/billing/ledger_reader.h"

namespace millrace::billing {

// RFC 4180 with line feeds: a header, then a line for each meter and unit, then what was booked in this month for closed ones.
std::string statement_csv(const std::string& tenant, Month month, const Statement& statement);

}  // namespace millrace::billing
