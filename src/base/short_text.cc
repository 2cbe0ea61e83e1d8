#include "base/short_text.h"

#include <random>

namespace millrace {

const uint64_t kTextSeed = (uint64_t{std::random_device{}()} << 32) | std::random_device{}();

}  // namespace millrace
