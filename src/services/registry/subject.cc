#include "services/registry/subject.h"

#include "avro/utf8.h"

namespace millrace::registry {

bool is_valid_subject(std::string_view subject) {
  if (subject.empty() || subject == "__GLOBAL" || subject == "__EMPTY") return false;
  for (const char c : subject)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return avro::valid_utf8(reinterpret_cast<const uint8_t*>(subject.data()), subject.size());
}

}  // namespace millrace::registry
