#include "tools/rules/json_tree.h"

#include <nlohmann/json.hpp>
#include <vector>

namespace millrace::rules_tools {
namespace {

using nlohmann::json;
using rules::FileNode;

constexpr size_t kLevelsMax = 64;

class Tree final : public nlohmann::json_sax<json> {
 public:
  explicit Tree(uint32_t line) : at_{line, 1} {}
  FileNode root;
  std::string error;

  bool null() override { return put("null", false); }
  bool boolean(bool v) override { return put(v ? "true" : "false", false); }
  bool number_integer(int64_t v) override { return put(std::to_string(v), false); }
  bool number_unsigned(uint64_t v) override { return put(std::to_string(v), false); }
  bool number_float(double, const std::string& text) override { return put(text, false); }
  bool string(std::string& v) override { return put(v, true); }
  bool binary(json::binary_t&) override { return false; }
  bool key(std::string& name) override { return put(name, true); }
  bool start_object(size_t) override { return open(FileNode::Kind::kMap); }
  bool start_array(size_t) override { return open(FileNode::Kind::kList); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(size_t position, const std::string&, const json::exception&) override {
    error = "no JSON, at character " + std::to_string(position);
    return false;
  }

 private:
  bool put(const std::string& text, bool quoted) { return add({FileNode::Kind::kText, quoted, at_, {text, {{0, at_}}}, {}}); }
  bool add(FileNode node) {
    (open_.empty() ? root : open_.back().parts.emplace_back()) = std::move(node);
    return true;
  }
  bool open(FileNode::Kind kind) {
    if (open_.size() >= kLevelsMax) return error = "values lie more than " + std::to_string(kLevelsMax) + " levels deep", false;
    open_.push_back({kind, false, at_, {"", {{0, at_}}}, {}});
    return true;
  }
  bool close() {
    FileNode done = std::move(open_.back());
    open_.pop_back();
    return add(std::move(done));
  }

  rules::Position at_;
  std::vector<FileNode> open_;
};

}  // namespace

std::expected<FileNode, std::string> json_tree(std::string_view text, uint32_t line) {
  Tree tree(line);
  if (!json::sax_parse(text, &tree)) return std::unexpected(tree.error.empty() ? "no JSON" : tree.error);
  return std::move(tree.root);
}

}  // namespace millrace::rules_tools
