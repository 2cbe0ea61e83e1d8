#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/audit/audit.h"

namespace millrace::audit {

std::string text(const Report& report) {
  std::string out;
  char line[400];
  const auto put = [&](const char* topic, const Totals& t) {
    std::snprintf(line, sizeof line, "%-20s %10lu %10lu %12lu %8lu %8lu %8lu %8lu %9lu %10lu\n", topic, t.records, t.rows, t.dead_letters, t.left_out, t.alerts,
                  t.missing, t.doubled, t.differing, t.unexpected);
    out += line;
  };
  std::snprintf(line, sizeof line, "%-20s %10s %10s %12s %8s %8s %8s %8s %9s %10s\n", "topic", "records", "rows", "dead letters", "left out", "alerts",
                "missing", "doubled", "differing", "unexpected");
  out += line;
  for (const auto& [topic, totals] : report.by_topic) put(topic.c_str(), totals);
  put("all", report.all);
  for (const Finding& finding : report.findings) {
    std::snprintf(line, sizeof line, "%s: %s/%d offset %ld%s%s%s%s\n", name(finding.kind), finding.topic.c_str(), finding.partition, finding.offset,
                  finding.event_id.empty() ? "" : " event ", finding.event_id.c_str(), finding.what.empty() ? "" : ": ", finding.what.c_str());
    out += line;
  }
  if (report.all.wrong() == 0)
    std::snprintf(line, sizeof line, "every record is exactly once where it belongs (%.1f s)\n", report.seconds);
  else
    std::snprintf(line, sizeof line, "%lu findings, the first %zu above (%.1f s)\n", report.all.wrong(), report.findings.size(), report.seconds);
  return out + line;
}

std::string json(const Report& report) {
  using nlohmann::ordered_json;
  const auto totals = [](const Totals& t) {
    return ordered_json{{"records", t.records},           {"rows", t.rows},
                        {"dead_letters", t.dead_letters}, {"readable_dead_letters", t.readable_dead_letters},
                        {"left_out", t.left_out},         {"alerts", t.alerts},
                        {"missing", t.missing},           {"doubled", t.doubled},
                        {"differing", t.differing},       {"unexpected", t.unexpected}};
  };
  ordered_json root{{"exactly_once", report.all.wrong() == 0}, {"seconds", report.seconds}, {"all", totals(report.all)}};
  for (const auto& [topic, t] : report.by_topic) root["topics"][topic] = totals(t);
  root["findings"] = ordered_json::array();
  for (const Finding& f : report.findings)
    root["findings"].push_back(
        {{"kind", name(f.kind)}, {"topic", f.topic}, {"partition", f.partition}, {"offset", f.offset}, {"event_id", f.event_id}, {"what", f.what}});
  return root.dump(2) + "\n";
}

}  // namespace millrace::audit
