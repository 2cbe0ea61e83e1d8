#pragma once
// Private to the settings: one mapping of a settings file, asked key by key, so that what nobody asked for is a typing error and said to be.

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace millrace::pipeline {

// Thrown, within the settings only.
class Refused : public std::exception {
 public:
  explicit Refused(std::string why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

// One mapping of the file. Every key must be asked for: one that isn't is a typing error, and said to be.
class Section {
 public:
  Section(std::string file, std::string path, YAML::Node node) : file_(std::move(file)), path_(std::move(path)), node_(std::move(node)) {
    if (node_ && !node_.IsNull() && !node_.IsMap()) refuse(node_, "", "must hold settings, one a line (name: value)");
  }
  [[noreturn]] void refuse(const YAML::Node& at, const std::string& key, const std::string& why) const {
    const int line = at.IsDefined() ? at.Mark().line + 1 : node_.IsDefined() ? node_.Mark().line + 1 : 1;
    const std::string name = path_.empty() || key.empty() ? path_ + key : path_ + "." + key;
    throw Refused(file_ + ":" + std::to_string(line) + ": " + (name.empty() ? "" : name + ": ") + why);
  }
  YAML::Node at(const std::string& key) {
    known_.insert(key);
    return node_ && node_.IsMap() ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
  }
  Section section(const std::string& key) { return {file_, path_.empty() ? key : path_ + "." + key, at(key)}; }

  void text(const std::string& key, std::string& value, bool required = false) {
    const YAML::Node node = at(key);
    if (!node.IsDefined() || node.IsNull()) {
      if (required && value.empty()) refuse(node, key, "is missing");
      return;
    }
    if (!node.IsScalar()) refuse(node, key, "must be a text");
    value = node.Scalar();
    if (required && value.empty()) refuse(node, key, "must not be empty");
  }
  template <class Number>
  void number(const std::string& key, Number& value, int64_t least, int64_t most) {
    const YAML::Node node = at(key);
    if (!node.IsDefined()) return;
    int64_t n = 0;
    if (!node.IsScalar() || !YAML::convert<int64_t>::decode(node, n) || n < least || n > most)
      refuse(node, key, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    value = static_cast<Number>(n);
  }
  void time(const std::string& key, std::chrono::milliseconds& value, int64_t least_ms, int64_t most_ms) {
    int64_t ms = value.count();
    number(key, ms, least_ms, most_ms);
    value = std::chrono::milliseconds(ms);
  }
  std::vector<std::pair<std::string, std::string>> pairs(const std::string& key) {
    std::vector<std::pair<std::string, std::string>> all;
    const YAML::Node node = at(key);
    if (!node.IsDefined() || node.IsNull()) return all;
    if (!node.IsMap()) refuse(node, key, "must hold settings, one a line (name: value)");
    for (const auto& entry : node) all.emplace_back(entry.first.Scalar(), entry.second.Scalar());
    return all;
  }
  void end() const {
    if (!node_ || !node_.IsMap()) return;
    for (const auto& entry : node_)
      if (!known_.contains(entry.first.Scalar())) {
        std::string all;
        for (const auto& name : known_) all += (all.empty() ? "" : ", ") + name;
        refuse(entry.first, entry.first.Scalar(), "there is no such setting; there are " + all);
      }
  }

 private:
  std::string file_, path_;
  YAML::Node node_;
  std::set<std::string> known_;
};

}  // namespace millrace::pipeline
