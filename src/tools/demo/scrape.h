#pragma once
// Reads Prometheus' text format (0.0.4), as much of it as our own /metrics writes.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::demo {

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

std::vector<Sample> parse_metrics(std::string_view text);
double sum(const std::vector<Sample>& samples, std::string_view name);

// Cumulative counts by upper bound, of all series of one histogram together.
using Buckets = std::map<double, double>;
Buckets buckets(const std::vector<Sample>& samples, std::string_view name);
// Of what came between the two, as histogram_quantile() has it (linear inside a bucket); -1 if nothing came.
double quantile(double q, const Buckets& before, const Buckets& after);

}  // namespace millrace::demo
