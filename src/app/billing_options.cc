// millrace billing: what its acts share.
#include "app/billing_options.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "clients/grpc/channel.h"
#include "clients/grpc/status.h"
#include "services/billing/month.h"

namespace millrace::app {
namespace {

std::string formatted(int64_t time_ms, const char* format) {
  const time_t seconds = time_ms / 1'000 - (time_ms % 1'000 < 0 ? 1 : 0);
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &fields)};
}

std::optional<int64_t> time_of(const std::string& text) {
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"}) {
    std::tm fields{};
    const char* const end = strptime(text.c_str(), format, &fields);
    if (end != nullptr && *end == '\0') return int64_t{timegm(&fields)} * 1'000;
  }
  std::fprintf(stderr, "millrace billing: '%s' is no time: say 2026-10-01 or 2026-10-01T13:00, in UTC\n", text.c_str());
  return std::nullopt;
}

std::string csv_quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

bool is_number(const std::string& text) { return !text.empty() && text.find_first_not_of("-.0123456789") == std::string::npos && text.back() != '-'; }

}  // namespace

void BillingAccess::add_to(CLI::App& command) {
  command.add_option("--billing", address, "HOST:PORT of the service")->envname("MILLRACE_BILLING")->capture_default_str();
  command.add_option("--generation", generation, "of the ledger; by default its current one");
}

std::unique_ptr<billing::v1::Billing::Stub> BillingAccess::stub() const { return billing::v1::Billing::NewStub(rpc::connect(address)); }

void set_billing_deadline(::grpc::ClientContext& context) { rpc::set_deadline(context, std::chrono::seconds(30)); }

int billing_exit(const ::grpc::Status& status, const BillingAccess& access) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "millrace billing: %s\n", rpc::error_of(status, access.address).message.c_str());
  return 1;
}

void BillingPeriod::add_to(CLI::App& command) {
  auto* const whole = command.add_option("--month", month, "2026-10");
  auto* const begin = command.add_option("--from", from, "2026-10-01 or 2026-10-01T13:00, in UTC: windows that begin then or later")->excludes(whole);
  command.add_option("--to", to, "likewise: windows that begin before it; by default without end")->excludes(whole)->needs(begin);
}

std::optional<std::pair<int64_t, int64_t>> BillingPeriod::read() const {
  if (!month.empty()) {
    if (const auto parsed = billing::parse_month(month)) return std::pair(parsed->begin_ms(), parsed->end_ms());
    std::fprintf(stderr, "millrace billing: '%s' is no month: say it as 2026-10\n", month.c_str());
    return std::nullopt;
  }
  if (from.empty()) {
    std::fprintf(stderr, "millrace billing: of when? Say --month 2026-10, or --from and --to\n");
    return std::nullopt;
  }
  const auto begin = time_of(from);
  const auto end = to.empty() ? std::optional(billing::kLatestMs) : time_of(to);
  if (!begin || !end) return std::nullopt;
  return std::pair(*begin, *end);
}

void print_billing_rows(const BillingRows& rows, BillingFormat format) {
  if (format == BillingFormat::kCsv) {
    for (const auto& row : rows)
      for (size_t i = 0; i < row.size(); ++i) std::printf("%s%c", csv_quoted(row[i]).c_str(), i + 1 < row.size() ? ',' : '\n');
    return;
  }
  std::vector<size_t> widths(rows[0].size());
  std::vector<bool> numbers(rows[0].size(), rows.size() > 1);
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
      if (&row != &rows[0] && !is_number(row[i])) numbers[i] = false;
    }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      line += (i > 0 ? "  " : "") + (numbers[i] ? space + row[i] : row[i] + space);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
}

std::string billing_time(int64_t time_ms) { return formatted(time_ms, "%F %T"); }

std::string billing_window(int64_t start_ms, int64_t length_ms) {
  constexpr int64_t kHourMs = 3'600'000;
  if (length_ms >= 28 * 24 * kHourMs) return formatted(start_ms, "%Y-%m");
  if (length_ms == 24 * kHourMs) return formatted(start_ms, "%F");
  if (length_ms == kHourMs) return formatted(start_ms, "%F %Hh");
  return billing_time(start_ms) + " + " + std::to_string(length_ms) + " ms";
}

}  // namespace millrace::app
