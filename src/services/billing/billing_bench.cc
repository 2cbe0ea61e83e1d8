// Plans that the billing service takes in a second: `millrace billing` as a process, SQLite on disk with every commit synced, eight clients
// that each have one call under way, as eight lanes would. $MILLRACE_BINARY and $MILLRACE_BENCH_DIRECTORY (by default here) say which binary and disk.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <millrace/billing/v1/billing.grpc.pb.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/ids.h"
#include "base/result.h"
#include "clients/grpc/channel.h"

namespace millrace::billing {
namespace {

constexpr int kClients = 8, kRanges = 4, kTenants = 5;

// The service, on a database of its own; both gone at the end.
class BenchedService {
 public:
  BenchedService() {
    const char* const where = std::getenv("MILLRACE_BENCH_DIRECTORY");
    directory_ = std::string(where != nullptr ? where : ".") + "/millrace-billing-XXXXXX";
    MILLRACE_CHECK(::mkdtemp(directory_.data()) != nullptr, "no directory " + directory_);
    const char* const named = std::getenv("MILLRACE_BINARY");
    const std::string binary = named != nullptr ? named : "build/release/src/app/millrace", database = "sqlite:" + directory_ + "/billing.db",
                      out = directory_ + "/out";
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0644), 1);
      ::execl(binary.c_str(), binary.c_str(), "billing", "--listen", "127.0.0.1:0", "--database", database.c_str(), nullptr);
      ::_exit(127);
    }
    for (std::string line; !line.starts_with("listening on ");) {
      MILLRACE_CHECK(::waitpid(pid_, nullptr, WNOHANG) == 0, binary + " billing ended");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      std::ifstream file(out);
      if (std::getline(file, line) && !file.eof() && line.starts_with("listening on ")) address = line.substr(13);
    }
  }
  ~BenchedService() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(directory_);
  }
  std::string address;

 private:
  std::string directory_;
  pid_t pid_ = -1;
};

v1::ApplyPlanRequest next_plan(int client, uint64_t number) {
  v1::ApplyPlanRequest request;
  request.set_generation(1);
  request.set_pipeline("bench");
  request.set_plan_id(to_string(Uuid{number + 1, static_cast<uint64_t>(client) + 1}));
  request.set_plan_time_ms(1'793'491'200'000 + static_cast<int64_t>(number));
  for (int r = 0; r < kRanges; ++r) {
    auto& range = *request.add_ranges();
    range.set_topic("orders");
    range.set_topic_id("00000000-0000-0001-0000-000000000007");
    range.set_partition(client * kRanges + r);
    range.set_begin(static_cast<int64_t>(number) * 1'000);
    range.set_end(static_cast<int64_t>(number + 1) * 1'000);
    range.set_records(1'000);
    for (int t = 0; t < kTenants; ++t) {
      auto& usage = *request.add_usage();
      usage.set_range(static_cast<uint32_t>(r));
      usage.set_tenant("tenant" + std::to_string(t));
      usage.set_meter("turnover");
      usage.set_unit("EUR");
      usage.set_window_start_ms(1'793'491'200'000);
      usage.set_window_ms(86'400'000);
      usage.set_value("12.34");
    }
  }
  return request;
}

// Each plan: 4 ranges, 20 values.
void billing_batches(benchmark::State& state) {
  BenchedService service;
  uint64_t first = 0, plans = 0;
  for (auto _ : state) {
    constexpr uint64_t kPlansOfAClient = 250;
    std::vector<std::jthread> clients;
    for (int client = 0; client < kClients; ++client)
      clients.emplace_back([&, client] {
        const auto stub = v1::Billing::NewStub(rpc::connect(service.address));
        for (uint64_t number = first; number < first + kPlansOfAClient; ++number) {
          ::grpc::ClientContext context;
          rpc::set_deadline(context, std::chrono::seconds(30));
          v1::ApplyPlanResponse response;
          const auto status = stub->ApplyPlan(&context, next_plan(client, number), &response);
          MILLRACE_CHECK(status.ok() && response.outcome() == v1::ApplyPlanResponse::APPLIED, status.error_message() + response.message());
        }
      });
    clients.clear();
    first += kPlansOfAClient;
    plans += kClients * kPlansOfAClient;
  }
  state.counters["billing_batches_per_s"] = benchmark::Counter(static_cast<double>(plans), benchmark::Counter::kIsRate);
}
BENCHMARK(billing_batches)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(4);

}  // namespace
}  // namespace millrace::billing
