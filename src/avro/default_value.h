#pragma once
#include <string>

#include "avro/schema.h"

namespace millrace::avro {

// A field's default value (JSON, valid for its type: the parser has checked it) in binary encoding, appended to `out`.
void encode_default(const Field& field, std::string& out);

}  // namespace millrace::avro
