#pragma once
// SHA-256 and its HMAC, over OpenSSL.

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace millrace::object_store {

using Sha256 = std::array<unsigned char, 32>;

// Of bytes that come piece by piece. One thread.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  void add(std::string_view bytes);
  Sha256 end();  // nothing may be added afterwards

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Sha256 sha256(std::string_view bytes);
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);
std::string hex(const Sha256& digest);  // lower case

}  // namespace millrace::object_store
