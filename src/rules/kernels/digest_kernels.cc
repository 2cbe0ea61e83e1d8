#include "rules/kernels/kernels.h"
#include "rules/kernels/loops.h"
#include "rules/kernels/sha256.h"

namespace millrace::rules {
namespace {

void sha256(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kText);
  const Vector& texts = frame.operand(instruction, 0);
  each_entry<std::string_view>(out, [&](size_t i) {
    char* hex = frame.arena().reserve(kSha256HexSize);
    sha256_hex(texts.at<std::string_view>(i), hex);
    return frame.arena().take(hex + kSha256HexSize);
  });
}

// The key is the instance's, so that the result is one for all only if they are of one instance.
void hmac(Frame& frame, const Instruction& instruction) {
  Output out(frame, instruction, Form::kText);
  const Vector& texts = frame.operand(instruction, 0);
  const auto& keys = frame.parameters.keys();
  const uint32_t* instances = frame.scope.instances;
  const auto hash = [&](size_t entry, std::string_view states) {
    char* hex = frame.arena().reserve(kSha256HexSize);
    hmac_sha256_hex(states, texts.at<std::string_view>(entry), hex);
    return frame.arena().take(hex + kSha256HexSize);
  };
  each_entry<std::string_view>(out, [&](size_t i) { return hash(i, keys[instances == nullptr ? frame.scope.instance : instances[i]]); });
}

constexpr NamedKernel kKernels[] = {{"sha256_string", sha256}, {"sha256_bytes", sha256}, {"hmac_string", hmac}, {"hmac_bytes", hmac}};

}  // namespace

std::span<const NamedKernel> digest_kernels() { return kKernels; }

}  // namespace millrace::rules
