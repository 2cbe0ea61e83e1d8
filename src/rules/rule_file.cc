#include "rules/rule_file.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

#include "rules/lexer.h"
#include "rules/text_places.h"

namespace millrace::rules {
namespace {

struct Refused : std::exception {
  Refused(YAML::Mark where, std::string why) : mark(where), message(std::move(why)) {}
  YAML::Mark mark;
  std::string message;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const TextPlaces& places, const FileLimits& limits) : places_(places), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(mark, FileNode::Kind::kNothing); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse(mark, tag, anchor);
    FileNode& node = add(mark, FileNode::Kind::kText);
    node.quoted = tag == "!";
    node.text = places_.placed(byte_of(mark), node.quoted, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, FileNode::Kind::kList);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, FileNode::Kind::kMap);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

  FileNode take() { return std::move(root_); }

 private:
  static size_t byte_of(const YAML::Mark& mark) { return static_cast<size_t>(std::max(mark.pos, 0)); }
  static void refuse_anchor(const YAML::Mark& mark) { throw Refused(mark, "anchors and aliases (&name, *name) aren't read here: write it out"); }
  static void refuse(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse_anchor(mark);
    if (tag.size() > 1) throw Refused(mark, "tags (!name) aren't read here");
  }
  FileNode& add(const YAML::Mark& mark, FileNode::Kind kind) {
    FileNode* node = &root_;
    if (!open_.empty()) node = &open_.back().parts.emplace_back();
    node->kind = kind, node->at = places_.position(byte_of(mark));
    return *node;
  }
  // Half-made lists and maps are kept apart from their parents, whose parts may move.
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, FileNode::Kind kind) {
    refuse(mark, tag, anchor);
    if (open_.size() >= limits_.depth_max)
      throw Refused(mark, "lists and maps stand inside each other more than " + std::to_string(limits_.depth_max) + " times");
    FileNode& node = open_.emplace_back();
    node.kind = kind, node.at = places_.position(byte_of(mark));
  }
  void close() {
    FileNode done = std::move(open_.back());
    open_.pop_back();
    if (open_.empty())
      root_ = std::move(done);
    else
      open_.back().parts.push_back(std::move(done));
  }

  const TextPlaces& places_;
  const FileLimits& limits_;
  FileNode root_;
  std::vector<FileNode> open_;
};

}  // namespace

std::string to_string(FileDiagnostics diagnostics, std::string_view file) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [](const FileDiagnostic& a, const FileDiagnostic& b) { return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column); });
  std::string lines;
  for (const FileDiagnostic& d : diagnostics) {
    if (!lines.empty()) lines += "\n";
    if (!file.empty()) (lines += file) += ":";
    lines += std::to_string(d.at.line) + ":" + std::to_string(d.at.column) + ": " + d.message;
  }
  return lines;
}

Position PlacedText::at(uint32_t byte) const {
  if (anchors.empty()) return {};
  size_t i = anchors.size() - 1;
  while (i > 0 && anchors[i].byte > byte) --i;
  const std::string_view before = std::string_view(value).substr(anchors[i].byte, byte - anchors[i].byte);
  Position at = anchors[i].at;
  for (const char c : before) at.column += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return at;
}

std::expected<FileNode, FileDiagnostic> read_rule_file(std::string_view bytes, const FileLimits& limits) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.size() > limits.bytes_max)
    return std::unexpected(
        FileDiagnostic{{}, "the file has " + std::to_string(bytes.size() >> 10) + " KiB; at most " + std::to_string(limits.bytes_max >> 10) + " are read"});
  const TextPlaces places(bytes);
  if (const int64_t at = invalid_utf8(bytes); at >= 0) return std::unexpected(FileDiagnostic{places.position(static_cast<size_t>(at)), "this is no UTF-8"});
  if (const size_t at = bytes.find('\0'); at != bytes.npos) return std::unexpected(FileDiagnostic{places.position(at), "a zero byte"});
  const auto wrong = [&](const YAML::Mark& mark, std::string message) {
    const bool known = mark.pos >= 0 && mark.line >= 0;
    return std::unexpected(FileDiagnostic{known ? places.position(static_cast<size_t>(mark.pos)) : Position{}, std::move(message)});
  };
  try {
    std::istringstream stream{std::string(bytes)};
    YAML::Parser parser(stream);
    TreeBuilder builder(places, limits);
    if (!parser.HandleNextDocument(builder)) return std::unexpected(FileDiagnostic{{}, "the file is empty"});
    FileNode root = builder.take();
    TreeBuilder second(places, limits);
    if (parser.HandleNextDocument(second)) return std::unexpected(FileDiagnostic{second.take().at, "a second document (---): one file holds one"});
    return root;
  } catch (const Refused& refused) {
    return wrong(refused.mark, refused.message);
  } catch (const YAML::Exception& error) {
    const bool colon = error.msg == YAML::ErrorMsg::MAP_VALUE;
    return wrong(error.mark, "this is no YAML: " + error.msg + (colon ? "; an expression with a colon and a space in it stands in quotes, or below a |" : ""));
  }
}

}  // namespace millrace::rules
