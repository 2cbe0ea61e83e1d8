// OpenSSL 3 calls these functions deprecated in favour of EVP, whose contexts are allocated for each copy; here a state is a plain value.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "rules/kernels/sha256.h"

#include <openssl/sha.h>

#include <array>
#include <cstring>

namespace millrace::rules {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;
constexpr size_t kBlock = 64;

void write_hex(const Digest& digest, char* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const unsigned char byte : digest) *out++ = kHex[byte >> 4], *out++ = kHex[byte & 15];
}
SHA256_CTX padded(const std::array<unsigned char, kBlock>& key, unsigned char pad) {
  std::array<unsigned char, kBlock> block{};
  for (size_t i = 0; i < kBlock; ++i) block[i] = key[i] ^ pad;
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, block.data(), block.size());
  return state;
}

}  // namespace

void sha256_hex(std::string_view bytes, char* out) {
  Digest digest{};
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &state);
  write_hex(digest, out);
}

std::string hmac_states(std::string_view key) {
  std::array<unsigned char, kBlock> block{};
  if (key.size() > kBlock)
    SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), block.data());
  else if (!key.empty())
    std::memcpy(block.data(), key.data(), key.size());
  const SHA256_CTX inner = padded(block, 0x36), outer = padded(block, 0x5C);
  std::string states(sizeof inner + sizeof outer, '\0');
  std::memcpy(states.data(), &inner, sizeof inner);
  std::memcpy(states.data() + sizeof inner, &outer, sizeof outer);
  return states;
}

void hmac_sha256_hex(std::string_view states, std::string_view bytes, char* out) {
  SHA256_CTX inner, outer;
  std::memcpy(&inner, states.data(), sizeof inner);
  std::memcpy(&outer, states.data() + sizeof inner, sizeof outer);
  Digest digest{};
  SHA256_Update(&inner, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &inner);
  SHA256_Update(&outer, digest.data(), digest.size());
  SHA256_Final(digest.data(), &outer);
  write_hex(digest, out);
}

}  // namespace millrace::rules
