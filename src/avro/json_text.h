#pragma once
// Values that have no column form, as JSON text (RFC 8259) at the end of a buffer.

#include <cstdint>
#include <string_view>

#include "columns/buffer.h"

namespace millrace::avro {

void json_integer(columns::Buffer& out, int64_t value);
void json_float(columns::Buffer& out, float value);  // shortest text that reads back as the same; "NaN", "Infinity", "-Infinity" as strings
void json_double(columns::Buffer& out, double value);
void json_string(columns::Buffer& out, std::string_view utf8);
void json_bytes(columns::Buffer& out, std::string_view bytes);  // each byte is the code point of its value, as Avro's own JSON has it
void json_uuid(columns::Buffer& out, const uint8_t* bytes);     // 16 bytes
// A string with the decimal number: "-12.30". False above 256 bits.
bool json_decimal(columns::Buffer& out, const uint8_t* bytes, size_t size, uint32_t scale);

}  // namespace millrace::avro
