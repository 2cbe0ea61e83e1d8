#pragma once
// Metrics of a process. contracts/metrics.yaml, compiled in, says which exist: registering another one, or one with
// other labels, ends the process (and so fails a test).

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace millrace::metrics {

using Labels = std::map<std::string, std::string>;

// Handles are cheap to copy and live as long as the Registry; calls are lock-free (about 10 ns): once a batch, not once
// a record. A default-made handle counts nothing.
class Counter {
 public:
  void add(double amount = 1);

 private:
  friend class Registry;
  void* raw_ = nullptr;
};
class Gauge {
 public:
  void set(double value);
  void add(double amount);

 private:
  friend class Registry;
  void* raw_ = nullptr;
};
class Histogram {
 public:
  void observe(double value);
  // Each value so many times; costs what one of each does.
  void observe_many(const std::vector<std::pair<double, uint64_t>>& values);

 private:
  friend class Registry;
  void* raw_ = nullptr;
  const std::vector<double>* buckets_ = nullptr;  // the contract's
};

// Thread-safe.
class Registry {
 public:
  Registry();
  // A part of `whole`, which has its samples: what is registered here has these labels besides those of the contract.
  Registry(const Registry& whole, Labels besides);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  Counter counter(const std::string& name, const Labels& labels = {});
  Gauge gauge(const std::string& name, const Labels& labels = {});
  // Buckets are the contract's.
  Histogram histogram(const std::string& name, const Labels& labels = {});
  void remove(const std::string& name, const Labels& labels);  // a gauge of a partition that went away
  std::string text() const;                                    // Prometheus' text format 0.0.4

 private:
  struct Impl;
  Labels labelled(const Labels& labels) const;
  std::shared_ptr<Impl> impl_;
  Labels besides_;
};

}  // namespace millrace::metrics
