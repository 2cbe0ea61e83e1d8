#include "tools/loadgen/defects.h"

#include <cstdlib>

namespace millrace::loadgen {
namespace {
constexpr const char* kNames[kDefects] = {"good", "truncated", "unknown_schema", "wrong_magic", "empty", "tombstone"};
}

const char* name(Defect defect) { return kNames[static_cast<size_t>(defect)]; }

Defect DefectShares::draw(Random& random) const {
  double at = random.unit();
  for (size_t i = 1; i < kDefects; ++i) {
    if (at < share[i]) return static_cast<Defect>(i);
    at -= share[i];
  }
  return Defect::kNone;
}

bool DefectShares::any() const {
  for (size_t i = 1; i < kDefects; ++i)
    if (share[i] > 0) return true;
  return false;
}

Result<DefectShares> parse_defects(std::string_view text) {
  DefectShares shares;
  double sum = 0;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(item.size() == text.size() ? item.size() : item.size() + 1);
    const size_t equals = item.find('=');
    size_t kind = 0;
    for (size_t i = 1; i < kDefects; ++i)
      if (item.substr(0, equals) == kNames[i]) kind = i;
    const std::string number(equals == item.npos ? "" : item.substr(equals + 1));
    char* end = nullptr;
    const double share = std::strtod(number.c_str(), &end);
    if (!kind || number.empty() || *end || !(share >= 0) || (sum += share) > 1)
      return permanent("--bad " + std::string(item) +
                       ": write KIND=SHARE with a kind of truncated, unknown_schema, wrong_magic, empty, "
                       "tombstone; all shares together at most 1");
    shares.share[kind] += share;
  }
  return shares;
}

void spoil(Defect defect, Random& random, std::string& payload) {
  switch (defect) {
    case Defect::kNone: break;
    case Defect::kTruncated: payload.resize(1 + random.below(payload.size() - 1)); break;
    case Defect::kUnknownSchema: {
      const uint32_t id = 0x70000000u + static_cast<uint32_t>(random.below(1000));
      for (size_t i = 0; i < 4; ++i) payload[1 + i] = static_cast<char>(id >> (24 - 8 * i));
      break;
    }
    case Defect::kWrongMagic: payload[0] = static_cast<char>(1 + random.below(255)); break;
    case Defect::kEmpty:
    case Defect::kTombstone: payload.clear(); break;
  }
}

}  // namespace millrace::loadgen
