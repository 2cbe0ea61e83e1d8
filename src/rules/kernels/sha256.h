#pragma once
// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) by OpenSSL; the one place that includes it here.

#include <string>
#include <string_view>

namespace millrace::rules {

inline constexpr size_t kSha256HexSize = 64;

void sha256_hex(std::string_view bytes, char* out);  // 64 lower-case hexadecimal digits
// What a key comes to before any message: saves two of HMAC's four blocks on each row.
std::string hmac_states(std::string_view key);
void hmac_sha256_hex(std::string_view states, std::string_view bytes, char* out);

}  // namespace millrace::rules
