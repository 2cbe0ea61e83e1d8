#pragma once
// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine and with every library, which <random> doesn't promise.

#include <cstdint>

namespace millrace::loadgen {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  // A stream of its own for (seed, stream): event n doesn't depend on how much randomness the events before it took.
  Random(uint64_t seed, uint64_t stream) : state_(mix(seed) ^ mix(stream * 0xD1342543DE82EF95u + 1)) {}

  uint64_t next() { return mix(state_ += 0x9E3779B97F4A7C15u); }
  // [0, bound), by Lemire's multiplication; the bias is below 2^-32 for the bounds of this room.
  uint64_t below(uint64_t bound) { return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64); }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double share) { return unit() < share; }
  template <class T, size_t N>
  const T& pick(const T (&of)[N]) {
    return of[below(N)];
  }

 private:
  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

}  // namespace millrace::loadgen
