#include "clients/clickhouse/endpoint_choice.h"

#include <algorithm>

namespace millrace::clickhouse {

using std::chrono::milliseconds;

std::optional<EndpointChoice::Pick> EndpointChoice::pick(Time now, milliseconds& wait) {
  if (!out(in_use_)) return Pick{in_use_, false};
  std::optional<size_t> ripest;
  wait = kOutMost;
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& each = endpoints_[i];
    if (each.probed) {
      wait = std::min(wait, kProbed);
    } else if (each.again > now) {
      wait = std::min(wait, std::chrono::ceil<milliseconds>(each.again - now));
    } else if (!ripest || each.again < endpoints_[*ripest].again) {
      ripest = i;
    }
  }
  if (!ripest) return std::nullopt;
  endpoints_[*ripest].probed = true;
  return Pick{*ripest, true};
}

void EndpointChoice::answered(size_t index) {
  endpoints_[index] = {};
  if (out(in_use_)) in_use_ = index;
}

void EndpointChoice::failed(size_t index, bool probe, Time now) {
  Endpoint& failed = endpoints_[index];
  if (out(index) && !probe) return;  // many were under way when it went out: that is one failure
  failed.probed = false;
  failed.again = now + pause(failed.failures++);
  if (index == in_use_) move_on();
}

void EndpointChoice::move_on() {
  for (size_t step = 1; step < endpoints_.size(); ++step)
    if (const size_t next = (in_use_ + step) % endpoints_.size(); !out(next)) {
      in_use_ = next;
      return;
    }
}

// From half of the pause to all of it.
milliseconds EndpointChoice::pause(int failures) {
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  const int64_t most = std::min<int64_t>(kOutLeast.count() << std::min(failures, 16), kOutMost.count());
  return milliseconds(most / 2 + static_cast<int64_t>((random_ >> 33) % static_cast<uint64_t>(most / 2 + 1)));
}

}  // namespace millrace::clickhouse
