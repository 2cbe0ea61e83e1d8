#include "tools/loadgen/population.h"

#include <cmath>

#include "base/ids.h"
#include "base/result.h"

namespace millrace::loadgen {

Zipf::Zipf(size_t n, double exponent) : probabilities_(n), keep_(n), alias_(n) {
  MILLRACE_CHECK(n > 0 && n < UINT32_MAX, "Zipf over nothing");
  double sum = 0;
  for (size_t k = 0; k < n; ++k) sum += probabilities_[k] = std::pow(static_cast<double>(k + 1), -exponent);
  for (double& p : probabilities_) p /= sum;
  // Vose's construction: every slot holds its own rank with probability keep_, else its alias.
  std::vector<uint32_t> small, large;
  for (size_t k = 0; k < n; ++k) {
    keep_[k] = probabilities_[k] * static_cast<double>(n);
    alias_[k] = static_cast<uint32_t>(k);
    (keep_[k] < 1 ? small : large).push_back(static_cast<uint32_t>(k));
  }
  while (!small.empty() && !large.empty()) {
    const uint32_t less = small.back(), more = large.back();
    small.pop_back();
    alias_[less] = more;
    keep_[more] -= 1 - keep_[less];
    if (keep_[more] < 1) large.pop_back(), small.push_back(more);
  }
  for (const uint32_t k : small) keep_[k] = 1;
  for (const uint32_t k : large) keep_[k] = 1;
}

size_t Zipf::draw(Random& random) const {
  const double at = random.unit() * static_cast<double>(keep_.size());
  const auto slot = static_cast<size_t>(at);
  return at - static_cast<double>(slot) < keep_[slot] ? slot : alias_[slot];
}

Population::Population(const PopulationSettings& settings) : zipf_(settings.tenants, settings.zipf_exponent) {
  static constexpr const char* kNames[] = {"northwind", "fabrikam", "contoso", "globex",    "initech", "umbra", "hooli",  "stark",
                                           "wayne",     "acme",     "tyrell",  "cyberdyne", "soylent", "wonka", "oscorp", "aperture"};
  for (size_t i = 0; i < settings.tenants; ++i) {
    std::string number = std::to_string(i);
    tenants_.push_back(std::string(kNames[i % std::size(kNames)]) + "-" + std::string(number.size() < 3 ? 3 - number.size() : 0, '0') + number);
  }
}

int64_t Population::draw_user(size_t tenant, Random& random) const {
  // A tenant's users are a million ids of its own; the big tenants use more of them.
  const uint64_t users = 200 + 200'000 / (tenant + 1);
  return static_cast<int64_t>(tenant * 1'000'000 + random.below(users));
}

std::string uuid_v4(uint64_t a, uint64_t b) { return to_string(Uuid{(a & 0xFFFFFFFFFFFF0FFFu) | 0x4000u, (b & 0x3FFFFFFFFFFFFFFFu) | 0x8000000000000000u}); }

std::string order_id(uint64_t seed, uint64_t number) {
  Random random(seed ^ 0x6F72646572u, number);
  return uuid_v4(random);
}

}  // namespace millrace::loadgen
