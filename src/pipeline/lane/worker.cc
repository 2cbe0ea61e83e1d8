#include "pipeline/lane/worker.h"

#include <algorithm>

namespace millrace::pipeline {

namespace {

SchemaCacheSettings cache_settings(const WorkerSettings& all) {
  SchemaCacheSettings settings;
  settings.registry_url = all.registry_url;
  settings.file = all.schema_file;
  return settings;
}

}  // namespace

Worker::Worker(WorkerSettings settings, metrics::Registry& metrics)
    : settings_(std::move(settings)), metrics_(metrics), schemas_(cache_settings(settings_), metrics) {}

Status Worker::start(const std::atomic<bool>& stop) {
  auto admin = kafka::Admin::create(settings_.kafka);
  if (!admin) return std::unexpected(admin.error());
  topic_ids_ = std::make_unique<TopicIds>(std::move(*admin));
  for (const PipelineSettings& each : settings_.pipelines) pipelines_.push_back(std::make_unique<Pipeline>(each, schemas_, *topic_ids_, metrics_));
  std::atomic<bool> given_up{false};  // by the user, or because one can't start
  std::vector<Status> results(pipelines_.size());
  {
    std::vector<std::jthread> threads;
    std::atomic<size_t> ready{0};
    for (size_t i = 0; i < pipelines_.size(); ++i)
      threads.emplace_back([&, i] {
        results[i] = pipelines_[i]->start(given_up);
        if (!results[i]) given_up = true;
        ++ready;
      });
    while (ready < pipelines_.size()) {
      if (stop) given_up = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  // What keeps the others from starting, rather than that they were stopped.
  for (const Status& result : results)
    if (!result && result.error().retry == Retry::kPermanent) return result;
  for (const Status& result : results)
    if (!result) return result;
  return {};
}

void Worker::close() {
  for (const auto& each : pipelines_) each->close();
}

bool Worker::running() const {
  return std::ranges::any_of(pipelines_, [](const auto& each) { return each->running(); });
}

void Worker::end_if_stuck() {
  for (const auto& each : pipelines_) each->end_if_stuck();
}

bool Worker::failed() const {
  return std::ranges::any_of(pipelines_, [](const auto& each) { return each->failed(); });
}

Status Worker::join() {
  Status first;
  for (const auto& each : pipelines_)
    if (Status joined = each->join(); !joined && first) first = joined;
  return first;
}

metrics::Health Worker::health() const {
  metrics::Health all;
  for (const auto& each : pipelines_) {
    metrics::Health one = each->health();
    if (!one.healthy) return one;
    if (one.text != all.text) all = std::move(one);
  }
  return all;
}

}  // namespace millrace::pipeline
