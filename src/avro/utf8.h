#pragma once
#include <cstddef>
#include <cstdint>

namespace millrace::avro {

// Whether the bytes are UTF-8 (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF).
bool valid_utf8(const uint8_t* bytes, size_t size);

}  // namespace millrace::avro
