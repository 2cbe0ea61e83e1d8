#pragma once
// Avro's JSON encoding of a value (specification, "JSON Encoding") to and from binary: for defaults, for tests and for what people type.

#include <string>
#include <string_view>

#include "avro/schema.h"

namespace millrace::avro {

// Appends `json` as Avro binary. A union's value is {"branch": value} or null; a bare value is taken too, as the first branch
// that it fits. Bytes and fixed are strings of code points 0 to 255. A record field that is left out takes its default.
Status encode_json(const Node& type, std::string_view json, std::string& out);

}  // namespace millrace::avro
