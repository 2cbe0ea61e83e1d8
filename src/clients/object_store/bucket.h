#pragma once
// Objects in one bucket of a store that speaks S3's API.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "clients/http/client.h"
#include "clients/object_store/credentials.h"
#include "clients/object_store/sha256.h"

namespace millrace::object_store {

struct BucketSettings {
  std::string bucket{};
  std::string endpoint{};     // http://HOST:PORT or https://…, the bucket is the path's first part; "": AWS, https://BUCKET.s3.REGION.amazonaws.com
  std::string region{};       // "": AWS_REGION, AWS_DEFAULT_REGION, or us-east-1
  Credentials credentials{};  // an empty access key: CredentialsSource says where they come from
  std::chrono::milliseconds deadline{15'000};  // of a call, plus what the object's size takes at bytes_per_second_least
  std::chrono::milliseconds connect_deadline{3'000};
  std::chrono::seconds stall_deadline{15};  // a transfer of which not a byte moves for so long is given up
  uint64_t bytes_per_second_least = 1 << 20;
};

// Bucket and prefix, without slashes at its end, of s3://BUCKET/PREFIX; none: it is no such URL.
std::optional<std::pair<std::string, std::string>> bucket_and_prefix(std::string_view url);

struct ObjectBody {
  uint64_t size = 0;
  Sha256 sha256{};         // the store refuses a body that has another
  http::BodySource bytes;  // from the beginning, once
};

// One thread at a time. No call is repeated here: errors are transient (out of reach, asked to slow down, refused: its message names the bucket and what the
// store said) or unknown (an answer that didn't come: a put may have had its effect).
class Bucket {
 public:
  enum class Put { kNew, kWasThere };

  explicit Bucket(BucketSettings settings);
  // Unless there is an object of that key, which then stays as it is (If-None-Match: *). Seen by everybody as a whole, or not at all.
  Result<Put> put_new(const std::string& key, ObjectBody body, std::function<bool()> cancelled = {});
  Result<Put> put_new(const std::string& key, std::string_view bytes);
  // Whether there is one; its bytes go to `sink`, whose false ends the transfer. How many there are isn't known before: it may take long, unless it stalls.
  Result<bool> get(const std::string& key, const http::BodySink& sink, std::function<bool()> cancelled = {});
  Result<std::optional<std::string>> get(const std::string& key);  // a small one: within `deadline`
  // Keys that begin with the prefix and come after `after`, in their order, 1,000 at most.
  Result<std::vector<std::string>> keys(const std::string& prefix, const std::string& after);

  const BucketSettings& settings() const { return settings_; }

 private:
  struct Call {
    std::string method, key;
    std::vector<std::pair<std::string, std::string>> query{};
    http::Headers headers{};
    const ObjectBody* body = nullptr;
    http::BodySink sink{};
    uint64_t bytes_max = 0;  // that may go either way, for the deadline
    std::function<bool()> cancelled{};
  };
  Result<http::Response> send(const Call& call);
  Result<bool> found(const Call& call);
  std::unexpected<Error> refused(const Call& call, const http::Response& answer) const;

  BucketSettings settings_;
  std::string base_, host_, base_path_;  // URL without a path, its host, and the path that keys follow
  CredentialsSource credentials_;
  http::Client http_;
};

}  // namespace millrace::object_store
