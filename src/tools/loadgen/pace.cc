#include "tools/loadgen/pace.h"

#include <algorithm>
#include <cstdio>
#include <string>

namespace millrace::loadgen {

Result<Spike> parse_spike(std::string_view text) {
  Spike spike;
  int used = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%lfx@%lf,%lf%n", &spike.factor, &spike.at_s, &spike.duration_s, &used) != 3 || static_cast<size_t>(used) != copy.size() ||
      spike.factor <= 0 || spike.at_s < 0 || spike.duration_s <= 0)
    return permanent("--spike " + copy + ": write it as FACTORx@START,SECONDS, for example 6x@30,10");
  return spike;
}

Result<Pace> Pace::create(double rate, std::vector<Spike> spikes) {
  std::ranges::sort(spikes, {}, &Spike::at_s);
  for (size_t i = 1; i < spikes.size(); ++i)
    if (spikes[i - 1].at_s + spikes[i - 1].duration_s > spikes[i].at_s) return permanent("--spike: two spikes overlap");
  Pace pace;
  pace.rate_ = rate;
  pace.spikes_ = std::move(spikes);
  return pace;
}

double Pace::due_ms(uint64_t number) const {
  const auto n = static_cast<double>(number);
  if (unlimited()) return n / 1000;
  double done = 0, second = 0;  // so many events are due before this second
  for (const Spike& spike : spikes_) {
    const double before = (spike.at_s - second) * rate_;
    if (n < done + before) break;
    done += before, second = spike.at_s;
    const double within = spike.duration_s * rate_ * spike.factor;
    if (n < done + within) return 1000 * (second + (n - done) / (rate_ * spike.factor));
    done += within, second += spike.duration_s;
  }
  return 1000 * (second + (n - done) / rate_);
}

double Pace::rate_at_s(double second) const {
  for (const Spike& spike : spikes_)
    if (second >= spike.at_s && second < spike.at_s + spike.duration_s) return rate_ * spike.factor;
  return rate_;
}

}  // namespace millrace::loadgen
