#include "columns/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/result.h"

namespace millrace::columns {

Buffer::~Buffer() { std::free(begin_); }
Buffer::Buffer(Buffer&& other) noexcept
    : begin_(std::exchange(other.begin_, nullptr)), end_(std::exchange(other.end_, nullptr)), limit_(std::exchange(other.limit_, nullptr)) {}
Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(begin_, other.begin_), std::swap(end_, other.end_), std::swap(limit_, other.limit_);
  return *this;
}

void Buffer::grow(size_t more) {
  const size_t used = size();
  const size_t wanted = std::max({used + more, capacity() * 2, size_t{64}});
  // Positions inside a column are 32 bits wide; epochs close by bytes long before.
  MILLRACE_CHECK(used + more < (uint64_t{1} << 32), "a column holds more than 4 GB: lower epoch.bytes_max");
  char* bytes = static_cast<char*>(std::realloc(begin_, wanted + kSlack));
  MILLRACE_CHECK(bytes != nullptr, "out of memory");
  begin_ = bytes, end_ = bytes + used, limit_ = bytes + wanted;
}

}  // namespace millrace::columns
