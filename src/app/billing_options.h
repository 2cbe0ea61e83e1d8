#pragma once
// What the acts of `millrace billing` share: the service, whose figures and of when, and how rows are printed.

#include <millrace/billing/v1/billing.grpc.pb.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millrace::app {

struct BillingAccess {
  std::string address = "127.0.0.1:8092";
  uint32_t generation = 0;  // 0: the ledger's current one

  void add_to(CLI::App& command);
  std::unique_ptr<billing::v1::Billing::Stub> stub() const;
};
void set_billing_deadline(::grpc::ClientContext& context);
// 0, or 1 after telling what went wrong.
int billing_exit(const ::grpc::Status& status, const BillingAccess& access);

// --month, or --from and --to.
struct BillingPeriod {
  std::string month, from, to;

  void add_to(CLI::App& command);
  // [begin, end) in milliseconds since 1970; tells what can't be read.
  std::optional<std::pair<int64_t, int64_t>> read() const;
};

using BillingRows = std::vector<std::vector<std::string>>;  // the first one is the header
enum class BillingFormat : bool { kTable, kCsv };
void print_billing_rows(const BillingRows& rows, BillingFormat format);
std::string billing_time(int64_t time_ms);                        // "2026-10-01 13:00:00"
std::string billing_window(int64_t start_ms, int64_t length_ms);  // "2026-10-01 13h", "2026-10-01", "2026-10"

using BillingAct = std::pair<CLI::App*, std::function<int()>>;
std::vector<BillingAct> billing_figures(CLI::App& cli);  // usage, statement, explain
std::vector<BillingAct> billing_ledger(CLI::App& cli);   // adjustments, close-month, watermarks, skip

}  // namespace millrace::app
