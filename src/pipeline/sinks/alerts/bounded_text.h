#pragma once
// Texts of events for where only so much has a place. A function of the text alone, so that an alert is the same whenever it is made.

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::pipeline {

inline constexpr std::string_view kCutMark = "…";

// As UTF-8 of at most `bytes_max` bytes (at least those of the mark): what is none becomes U+FFFD, and a text that is longer is cut between two
// characters and ends in kCutMark; then `cut` is set.
std::string bounded_text(std::string_view text, size_t bytes_max, bool& cut);

}  // namespace millrace::pipeline
