#pragma once
// Default values: JSON text in a schema, Avro binary for a reader (specification, "Complex Types", table of field defaults).

#include <string>
#include <string_view>

#include "avro/schema.h"

namespace millrace::avro {

// What the defaults of one schema may cost together: types that contain each other make a value of a few bytes large, time and again.
struct DefaultBudget {
  int values = 200'000;
  size_t bytes = size_t{16} << 20;  // of JSON read and of Avro written
};

// Appends the JSON value as Avro binary, written with `type`. A union takes the first branch that the value fits; bytes and fixed
// are strings of code points 0 to 255; a record's field that is left out takes its own default. The error says where the value
// does not fit. All types that `type` reaches must be complete.
Status encode_default(const Node& type, std::string_view json, DefaultBudget& budget, std::string& out);

}  // namespace millrace::avro
