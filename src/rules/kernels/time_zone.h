#pragma once

#include <memory>
#include <string_view>

namespace millrace::rules {

// A zone for zoned_kernel(), by the system's database ("Europe/Berlin") or by its offset ("+01:00"); nullptr if there is none of this name.
std::shared_ptr<const void> find_time_zone(std::string_view name);

}  // namespace millrace::rules
