#pragma once
// Who the events are about: tenants (few big ones, many small ones), their users, sessions and orders. Immutable; any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "tools/loadgen/random.h"

namespace millrace::loadgen {

// Rank k of n with probability proportional to 1 / k^exponent. One random number and one comparison a draw (Walker's alias method).
class Zipf {
 public:
  Zipf(size_t n, double exponent);
  size_t draw(Random& random) const;  // rank - 1
  double probability(size_t rank) const { return probabilities_[rank - 1]; }

 private:
  std::vector<double> probabilities_, keep_;
  std::vector<uint32_t> alias_;
};

struct PopulationSettings {
  size_t tenants = 200;
  double zipf_exponent = 1.1;
};

class Population {
 public:
  explicit Population(const PopulationSettings& settings);
  const std::string& tenant(size_t rank0) const { return tenants_[rank0]; }
  size_t draw_tenant(Random& random) const { return zipf_.draw(random); }
  int64_t draw_user(size_t tenant, Random& random) const;
  size_t size() const { return tenants_.size(); }
  const Zipf& zipf() const { return zipf_; }

 private:
  Zipf zipf_;
  std::vector<std::string> tenants_;
};

std::string uuid_v4(uint64_t a, uint64_t b);  // RFC 9562 section 5.4, from 122 of these bits
inline std::string uuid_v4(Random& random) {
  const uint64_t a = random.next();
  return uuid_v4(a, random.next());
}
// The id of order number `number`: payments name orders by it.
std::string order_id(uint64_t seed, uint64_t number);

}  // namespace millrace::loadgen
