#include "clients/clickhouse/endpoint_group.h"

#include <random>

namespace millrace::clickhouse {

using std::chrono::milliseconds;

EndpointGroup::EndpointGroup(Endpoint like, std::vector<std::string> urls, std::function<void(const EndpointChange&)> changed)
    : like_(std::move(like)),
      urls_(std::move(urls)),
      changed_(std::move(changed)),
      choice_(urls_.size(), std::random_device{}()),
      unheard_since_(urls_.size()) {
  MILLRACE_CHECK(!urls_.empty(), "a shard without a server");
  for (size_t i = 0; i < urls_.size(); ++i) tell(i);
}

Endpoint EndpointGroup::endpoint(size_t index) const {
  Endpoint one = like_;
  one.url = urls_[index];
  return one;
}

std::string EndpointGroup::names() const {
  std::string all;
  for (const std::string& url : urls_) all += (all.empty() ? "" : ", ") + url;
  return all;
}

void EndpointGroup::tell(size_t index, const std::string& why) {
  if (changed_) changed_({urls_[index], !choice_.out(index), choice_.in_use() == index && !choice_.out(index), why});
}

void EndpointGroup::tell_use(size_t before) {
  if (choice_.in_use() == before) return;
  tell(before, last_failure_);
  tell(choice_.in_use());
}

Result<EndpointChoice::Pick> EndpointGroup::pick() {
  const std::lock_guard lock(mutex_);
  milliseconds wait{0};
  if (const auto pick = choice_.pick(Clock::now(), wait)) return *pick;
  return transient(names() + ": " + (urls_.size() == 1 ? "it doesn't answer" : "none of them answers") + " (" + last_failure_ + "); asked again in " +
                   std::to_string(wait.count()) + " ms");
}

void EndpointGroup::answered(const EndpointChoice::Pick& pick) {
  const std::lock_guard lock(mutex_);
  unheard_since_[pick.index].reset();
  if (!choice_.out(pick.index)) return;
  const size_t before = choice_.in_use();
  choice_.answered(pick.index);
  if (choice_.in_use() == before) return tell(pick.index);
  tell_use(before);
}

void EndpointGroup::failed(const EndpointChoice::Pick& pick, const std::string& why) {
  const std::lock_guard lock(mutex_);
  const bool was_out = choice_.out(pick.index);
  const size_t before = choice_.in_use();
  choice_.failed(pick.index, pick.probe, Clock::now());
  last_failure_ = why;
  if (!was_out && choice_.in_use() == before) return tell(pick.index, why);
  tell_use(before);
}

void EndpointGroup::heard(size_t index) {
  const std::lock_guard lock(mutex_);
  unheard_since_[index].reset();
}

void EndpointGroup::unheard(size_t index) {
  const std::lock_guard lock(mutex_);
  if (!unheard_since_[index]) unheard_since_[index] = Clock::now();
}

milliseconds EndpointGroup::unheard_for(size_t index) const {
  const std::lock_guard lock(mutex_);
  if (!unheard_since_[index]) return milliseconds(0);
  return std::chrono::duration_cast<milliseconds>(Clock::now() - *unheard_since_[index]);
}

}  // namespace millrace::clickhouse
