#include "tools/demo/scrape.h"

#include <cmath>
#include <cstdlib>

namespace millrace::demo {

std::vector<Sample> parse_metrics(std::string_view text) {
  std::vector<Sample> samples;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line[0] == '#') continue;
    Sample sample;
    size_t at = line.find_first_of("{ ");
    if (at == std::string_view::npos) continue;
    sample.name = line.substr(0, at);
    if (line[at] == '{') {
      for (++at; at < line.size() && line[at] != '}';) {
        const size_t equals = line.find("=\"", at);
        if (equals == std::string_view::npos) break;
        std::string value;
        size_t i = equals + 2;
        for (; i < line.size() && line[i] != '"'; ++i) {
          if (line[i] == '\\' && i + 1 < line.size())
            value += line[++i] == 'n' ? '\n' : line[i];
          else
            value += line[i];
        }
        sample.labels.emplace(line.substr(at, equals - at), value);
        at = i + 1;
        if (at < line.size() && line[at] == ',') ++at;
      }
      at = std::min(at + 1, line.size());
    }
    sample.value = std::strtod(std::string(line.substr(at)).c_str(), nullptr);
    samples.push_back(std::move(sample));
  }
  return samples;
}

double sum(const std::vector<Sample>& samples, std::string_view name) {
  double total = 0;
  for (const Sample& sample : samples)
    if (sample.name == name) total += sample.value;
  return total;
}

Buckets buckets(const std::vector<Sample>& samples, std::string_view name) {
  Buckets all;
  const std::string wanted = std::string(name) + "_bucket";
  for (const Sample& sample : samples)
    if (const auto bound = sample.labels.find("le"); sample.name == wanted && bound != sample.labels.end())
      all[std::strtod(bound->second.c_str(), nullptr)] += sample.value;
  return all;
}

double quantile(double q, const Buckets& before, const Buckets& after) {
  const auto count = [&](double bound, double total) {
    const auto was = before.find(bound);
    return total - (was == before.end() ? 0 : was->second);
  };
  if (after.empty()) return -1;
  const double all = count(after.rbegin()->first, after.rbegin()->second);
  if (all <= 0) return -1;
  double lower = 0, below = 0;
  for (const auto& [bound, total] : after) {
    const double here = count(bound, total);
    if (here >= q * all) return std::isinf(bound) ? lower : lower + (bound - lower) * (here > below ? (q * all - below) / (here - below) : 1);
    lower = bound;
    below = here;
  }
  return lower;
}

}  // namespace millrace::demo
