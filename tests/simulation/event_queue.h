#pragma once
// Virtual time and chance: the two things that a run's course depends on. The same seed gives the same run.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace millrace::simulation {

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators): any seed will do, also 0, 1, 2 …
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  size_t below(size_t n) { return static_cast<size_t>(next() % n); }
  int64_t between(int64_t low, int64_t high) { return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low + 1)); }  // both included
  bool chance(double probability) { return static_cast<double>(next() >> 11) * 0x1p-53 < probability; }
  template <class T>
  const T& pick(const std::vector<T>& of) {
    return of[below(of.size())];
  }

 private:
  uint64_t state_;
};

// What happens next, in order of time, and of its making where the time is the same.
class EventQueue {
 public:
  using Event = std::function<void()>;

  int64_t now() const { return now_; }  // ms since 1970
  void set_now(int64_t ms) { now_ = ms; }
  void after(int64_t ms, Event event) {
    heap_.push_back({now_ + ms, made_++, std::move(event)});
    std::push_heap(heap_.begin(), heap_.end());
  }
  // The next event; false: there is none before `until`, and it is that late now.
  bool step(int64_t until) {
    if (heap_.empty() || heap_.front().at > until) return now_ = std::max(now_, until), false;
    std::pop_heap(heap_.begin(), heap_.end());
    const Entry entry = std::move(heap_.back());
    heap_.pop_back();
    now_ = entry.at;
    entry.event();
    return true;
  }
  bool empty() const { return heap_.empty(); }
  uint64_t made() const { return made_; }  // events, in all

 private:
  struct Entry {
    int64_t at;
    uint64_t made;
    Event event;
    bool operator<(const Entry& other) const { return std::pair(at, made) > std::pair(other.at, other.made); }  // a heap has its greatest first
  };
  std::vector<Entry> heap_;
  int64_t now_ = 0;
  uint64_t made_ = 0;
};

}  // namespace millrace::simulation
