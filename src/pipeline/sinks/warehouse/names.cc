#include "pipeline/sinks/warehouse/names.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace millrace::pipeline {
namespace {

bool stands_for_itself(char c, bool first) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-') return true;
  return (c == '.' || c == '_') && !first;
}

std::string folder_of(std::string_view name) {
  std::string folder;
  for (size_t i = 0; i < name.size(); ++i) {
    if (stands_for_itself(name[i], i == 0)) {
      folder += name[i];
      continue;
    }
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(name[i]);
    folder += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return folder;
}

}  // namespace

std::string file_name(std::string_view table, const PlanId& plan, int64_t time_ms) {
  using namespace std::chrono;
  const auto hour = floor<hours>(sys_time<milliseconds>(milliseconds(time_ms)));
  const auto day = floor<days>(hour);
  const year_month_day date(day);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "/date=%04d-%02u-%02u/hour=%02d/", int(date.year()), unsigned(date.month()), unsigned(date.day()),
                static_cast<int>((hour - day).count()));
  return folder_of(table) + text.data() + to_string(plan.value) + ".parquet";
}

std::string manifest_name(const PlanId& plan) { return "_manifest/" + to_string(plan.value) + ".json"; }

std::string mark_name(std::string_view pipeline, TopicId topic, PartitionId partition) {
  return "_partitions/" + folder_of(pipeline) + "/" + to_string(topic.value) + "." + std::to_string(partition.value) + ".json";
}

}  // namespace millrace::pipeline
