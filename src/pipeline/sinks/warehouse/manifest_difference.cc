// How two manifests of one plan differ: pure, so that the simulation can ask it too.
#include "pipeline/sinks/warehouse/manifest.h"

namespace millrace::pipeline {

std::string difference(const Manifest& one, const Manifest& other) {
  if (one.plan != other.plan) return "the plan";
  if (one.pipeline != other.pipeline) return "the pipeline: " + one.pipeline + " and " + other.pipeline;
  if (one.time_ms != other.time_ms) return "the plan's time";
  if (one.ranges != other.ranges) return "the ranges";
  if (one.files.size() != other.files.size()) return "the number of files: " + std::to_string(one.files.size()) + " and " + std::to_string(other.files.size());
  for (size_t i = 0; i < one.files.size(); ++i) {
    ManifestFile file = other.files[i];
    file.bytes = one.files[i].bytes;
    if (!(file == one.files[i]))
      return one.files[i].path + ": " + std::to_string(one.files[i].rows) + " rows and " + std::to_string(file.rows) + ", or their times";
  }
  return "";
}

}  // namespace millrace::pipeline
