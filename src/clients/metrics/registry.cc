#include "clients/metrics/registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <mutex>

#include "base/result.h"
#include "clients/metrics/contract.h"

namespace millrace::metrics {
namespace {

const ContractEntry& entry_of(const std::string& name, const char* type, const Labels& labels) {
  auto it = contract().find(name);
  MILLRACE_CHECK(it != contract().end(), "metric " + name + " is not in contracts/metrics.yaml: add it there");
  MILLRACE_CHECK(it->second.type == type, "metric " + name + " is a " + it->second.type + " in contracts/metrics.yaml");
  bool same = labels.size() == it->second.labels.size() &&
              std::all_of(it->second.labels.begin(), it->second.labels.end(), [&](const std::string& l) { return labels.contains(l); });
  MILLRACE_CHECK(same, "metric " + name + " has other labels in contracts/metrics.yaml");
  return it->second;
}

}  // namespace

void Counter::add(double amount) {
  if (raw_) static_cast<prometheus::Counter*>(raw_)->Increment(amount);
}
void Gauge::set(double value) {
  if (raw_) static_cast<prometheus::Gauge*>(raw_)->Set(value);
}
void Gauge::add(double amount) {
  if (raw_) static_cast<prometheus::Gauge*>(raw_)->Increment(amount);
}
void Histogram::observe(double value) {
  if (raw_) static_cast<prometheus::Histogram*>(raw_)->Observe(value);
}

void Histogram::observe_many(const std::vector<std::pair<double, uint64_t>>& values) {
  if (!raw_ || values.empty()) return;
  std::vector<double> increments(buckets_->size() + 1);
  double sum = 0;
  for (const auto& [value, times] : values) {
    const auto bucket = std::lower_bound(buckets_->begin(), buckets_->end(), value) - buckets_->begin();
    increments[static_cast<size_t>(bucket)] += static_cast<double>(times);
    sum += value * static_cast<double>(times);
  }
  static_cast<prometheus::Histogram*>(raw_)->ObserveMultiple(increments, sum);
}

struct Registry::Impl {
  prometheus::Registry registry;
  std::mutex mutex;  // families by name
  std::map<std::string, prometheus::Family<prometheus::Counter>*> counters;
  std::map<std::string, prometheus::Family<prometheus::Gauge>*> gauges;
  std::map<std::string, prometheus::Family<prometheus::Histogram>*> histograms;

  template <class Families, class Builder>
  auto& family(Families& families, Builder builder, const std::string& name, const ContractEntry& e) {
    std::lock_guard lock(mutex);
    auto& f = families[name];
    if (!f) f = &builder.Name(name).Help(e.meaning).Register(registry);
    return *f;
  }
};

Registry::Registry() : impl_(std::make_shared<Impl>()) {}
Registry::Registry(const Registry& whole, Labels besides) : impl_(whole.impl_), besides_(std::move(besides)) {
  besides_.insert(whole.besides_.begin(), whole.besides_.end());
}
Registry::~Registry() = default;

Labels Registry::labelled(const Labels& labels) const {
  Labels all = labels;
  all.insert(besides_.begin(), besides_.end());
  return all;
}

Counter Registry::counter(const std::string& name, const Labels& labels) {
  const auto& e = entry_of(name, "counter", labels);
  Counter c;
  c.raw_ = &impl_->family(impl_->counters, prometheus::BuildCounter(), name, e).Add(labelled(labels));
  return c;
}

Gauge Registry::gauge(const std::string& name, const Labels& labels) {
  const auto& e = entry_of(name, "gauge", labels);
  Gauge g;
  g.raw_ = &impl_->family(impl_->gauges, prometheus::BuildGauge(), name, e).Add(labelled(labels));
  return g;
}

Histogram Registry::histogram(const std::string& name, const Labels& labels) {
  const auto& e = entry_of(name, "histogram", labels);
  Histogram h;
  h.raw_ = &impl_->family(impl_->histograms, prometheus::BuildHistogram(), name, e).Add(labelled(labels), e.buckets);
  h.buckets_ = &e.buckets;
  return h;
}

void Registry::remove(const std::string& name, const Labels& labels) {
  const auto& e = entry_of(name, "gauge", labels);
  auto& family = impl_->family(impl_->gauges, prometheus::BuildGauge(), name, e);
  family.Remove(&family.Add(labelled(labels)));
}

std::string Registry::text() const { return prometheus::TextSerializer().Serialize(impl_->registry.Collect()); }

}  // namespace millrace::metrics
