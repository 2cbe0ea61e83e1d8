#include "pipeline/lane/worker.h"

#include "base/log.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kAgain{500};

// Until it succeeds, can't succeed, or nobody wants it any more.
template <class Attempt>
Status with_patience(const std::atomic<bool>& stop, Attempt attempt) {
  std::string said;
  while (true) {
    Status done = attempt();
    if (done || done.error().retry == Retry::kPermanent) return done;
    if (stop) return transient("stopped while it waited: " + done.error().message);
    if (said != done.error().message) log::info("waiting: {}", said = done.error().message);
    std::this_thread::sleep_for(kAgain);
  }
}

SchemaCacheSettings cache_settings(const WorkerSettings& all) {
  SchemaCacheSettings settings;
  settings.registry_url = all.registry_url;
  settings.file = all.schema_file;
  return settings;
}

}  // namespace

Worker::Worker(WorkerSettings settings, metrics::Registry& metrics)
    : settings_(std::move(settings)),
      metrics_(metrics),
      schemas_(cache_settings(settings_), metrics),
      catalogs_(settings_.topics, schemas_),
      server_clock_(settings_.clickhouse, metrics) {}

Worker::~Worker() {
  close();
  (void)join();
}

Status Worker::start(const std::atomic<bool>& stop) {
  auto admin = kafka::Admin::create(settings_.kafka);
  if (!admin) return std::unexpected(admin.error());
  topic_ids_ = std::make_unique<TopicIds>(std::move(*admin));
  if (auto loaded = with_patience(stop, [&] { return catalogs_.load(); }); !loaded) return loaded;
  context_.reset(new LaneContext{settings_, metrics_, schemas_, catalogs_, *topic_ids_, server_clock_});
  for (int number = 0; number < settings_.lanes; ++number) {
    auto lane = Lane::create(*context_, number);
    if (!lane) return std::unexpected(lane.error());
    lanes_.push_back(std::move(*lane));
  }
  results_.resize(lanes_.size());
  lanes_running_ = static_cast<int>(lanes_.size());
  for (size_t i = 0; i < lanes_.size(); ++i) threads_.emplace_back([this, i] { run(i); });
  return {};
}

void Worker::run(size_t lane) {
  results_[lane] = lanes_[lane]->run();
  if (!results_[lane]) {
    log::error("lane {} ends: {}", lane, results_[lane].error().message);
    failed_ = true;
  }
  --lanes_running_;
}

void Worker::close() {
  for (auto& lane : lanes_) lane->close();
}

Status Worker::join() {
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
  for (const Status& result : results_)
    if (!result) return result;
  return {};
}

metrics::Health Worker::health() const {
  const auto now_ms = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (now_ms - lanes_[i]->turned_ms() > 60'000) return {false, "lane " + std::to_string(i) + " hasn't turned for a minute"};
    if (lanes_[i]->stopped() > 0) return {true, "lane " + std::to_string(i) + ": " + std::to_string(lanes_[i]->stopped()) + " partitions stand still, see the log"};
  }
  return {};
}

}  // namespace millrace::pipeline
