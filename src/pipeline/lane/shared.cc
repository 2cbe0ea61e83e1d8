#include "pipeline/lane/shared.h"

namespace millrace::pipeline {

Result<TopicId> TopicIds::find(const std::string& topic) {
  std::lock_guard lock(mutex_);
  auto described = admin_.describe({topic}, kafka::milliseconds(3000));
  if (!described) return std::unexpected(described.error());
  if (!described->front()) return std::unexpected(described->front().error());
  return described->front()->id;
}

}  // namespace millrace::pipeline
