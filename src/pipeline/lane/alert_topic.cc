#include "pipeline/lane/alert_topic.h"

#include "base/log.h"
#include "pipeline/lane/shared.h"
#include "pipeline/sinks/alerts/alert.h"

namespace millrace::pipeline {

namespace {
constexpr std::chrono::milliseconds kAskAgain{1000};
}

AlertTopic::AlertTopic(std::string name, Ask ask, SchemaCache& schemas, TopicIds& topics) : name_(std::move(name)), schemas_(schemas), topics_(topics) {
  if (ask == Ask::kUntilKnown) thread_ = std::thread([this] { run(); });
}

AlertTopic::~AlertTopic() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<SchemaId> AlertTopic::schema() const {
  const int32_t id = schema_;
  return id < 0 ? std::nullopt : std::optional(SchemaId(id));
}

std::string AlertTopic::obstacle() const {
  if (schema() || name_.empty()) return "";
  std::lock_guard lock(mutex_);
  return "there are alerts, which can't be sent to " + name_ + " yet: " + trouble_;
}

Result<SchemaId> AlertTopic::ask() {
  if (auto there = topics_.find(name_); !there) return std::unexpected(there.error());
  return schemas_.register_schema(name_ + "-value", kAlertSchema);
}

void AlertTopic::run() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    lock.unlock();
    const auto id = ask();
    lock.lock();
    if (id) {
      schema_ = id->value;
      return;
    }
    trouble_ = id.error().message;
    changed_.wait_for(lock, kAskAgain, [&] { return closing_; });
  }
}

}  // namespace millrace::pipeline
