#pragma once
// Values for people: messages, previews, tests.

#include <string>

#include "rules/kernels/vector.h"

namespace millrace::rules {

// As CEL would write it, or nearly: null, true, 12, 12u, 1.5, "text", b"bytes", timestamp("…"), duration("…"), 12.50, [1, 2], {"a": 1}. Texts are
// cut after so many bytes, lists after so many elements.
std::string text_of(const Vector& vector, size_t entry, const Type& type, size_t text_max = 60, size_t elements_max = 10);

}  // namespace millrace::rules
