#include "clients/object_store/bucket.h"

#include <algorithm>
#include <cstdlib>

#include "clients/object_store/xml_text.h"

namespace millrace::object_store {
namespace {

std::string region_of(const BucketSettings& settings) {
  if (!settings.region.empty()) return settings.region;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return "us-east-1";
}

BucketSettings with_region(BucketSettings settings) {
  settings.region = region_of(settings);
  return settings;
}

}  // namespace

std::optional<std::pair<std::string, std::string>> bucket_and_prefix(std::string_view url) {
  if (!url.starts_with("s3://")) return std::nullopt;
  url.remove_prefix(5);
  const size_t slash = std::min(url.find('/'), url.size());
  if (slash == 0) return std::nullopt;
  std::string_view prefix = url.substr(std::min(slash + 1, url.size()));
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return std::pair(std::string(url.substr(0, slash)), std::string(prefix));
}

Bucket::Bucket(BucketSettings settings) : settings_(with_region(std::move(settings))), credentials_(settings_.credentials, settings_.region) {
  base_ = settings_.endpoint;
  while (base_.ends_with('/')) base_.pop_back();
  if (base_.empty() && settings_.bucket.find('.') == std::string::npos) {
    base_ = "https://" + settings_.bucket + ".s3." + settings_.region + ".amazonaws.com", base_path_ = "/";
  } else {  // a dot in the bucket's name would be one too many for the certificate
    if (base_.empty()) base_ = "https://s3." + settings_.region + ".amazonaws.com";
    base_path_ = "/" + escape_path(settings_.bucket) + "/";
  }
  host_ = host_header(base_);
}

Result<http::Response> Bucket::send(const Call& call) {
  const auto credentials = credentials_.current();
  if (!credentials) return std::unexpected(credentials.error());
  std::string path = base_path_ + escape_path(call.key);
  if (call.key.empty() && path.size() > 1) path.pop_back();
  SignedRequest to_sign{call.method, host_, path, call.query, call.headers, hex(call.body != nullptr ? call.body->sha256 : sha256({}))};
  http::Request request{.method = call.method, .url = base_ + path, .headers = call.headers};
  if (!call.query.empty()) request.url += "?" + query_text(call.query);
  for (auto& header : signature(to_sign, *credentials, settings_.region, "s3", std::chrono::system_clock::now())) request.headers.push_back(std::move(header));
  request.deadline = settings_.deadline, request.connect_deadline = settings_.connect_deadline, request.stall_deadline = settings_.stall_deadline;
  request.cancelled = call.cancelled;
  request.body_sink = call.sink;
  if (call.body != nullptr) {
    request.body_source = call.body->bytes, request.body_source_size = static_cast<int64_t>(call.body->size);
    request.headers.emplace_back("content-type", "application/octet-stream");
  }
  request.deadline += std::chrono::seconds(call.bytes_max / settings_.bytes_per_second_least);
  return http_.send(request);
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
std::unexpected<Error> Bucket::refused(const Call& call, const http::Response& answer) const {
  const std::string code = element(answer.body, "Code").value_or(""), message = element(answer.body, "Message").value_or("");
  std::string text = call.method + " " + base_ + base_path_ + call.key + ": " + std::to_string(answer.status);
  if (!code.empty()) text += " " + code;
  if (!message.empty()) text += ": " + message;
  if (code == "NoSuchBucket") text += ": create it";
  if (answer.status == 401 || answer.status == 403) text += ": look at the credentials, and at what they may do in the bucket " + settings_.bucket;
  if (answer.status == 301 || answer.status == 307) text += ": the bucket is in another region than " + settings_.region;
  return transient(std::move(text), answer.status);
}

Result<Bucket::Put> Bucket::put_new(const std::string& key, ObjectBody body, std::function<bool()> cancelled) {
  Call call{.method = "PUT", .key = key, .headers = {{"if-none-match", "*"}}, .body = &body, .bytes_max = body.size};
  call.cancelled = std::move(cancelled);
  const auto answer = send(call);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status / 100 == 2) return Put::kNew;
  if (answer->status == 412) return Put::kWasThere;
  return refused(call, *answer);
}

Result<Bucket::Put> Bucket::put_new(const std::string& key, std::string_view bytes) {
  ObjectBody body{bytes.size(), sha256(bytes), [left = bytes](char* buffer, size_t size) mutable {
                    const size_t n = left.copy(buffer, size);
                    left.remove_prefix(n);
                    return n;
                  }};
  return put_new(key, std::move(body));
}

Result<bool> Bucket::found(const Call& call) {
  const auto answer = send(call);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status / 100 == 2) return true;
  if (answer->status == 404 && element(answer->body, "Code") == "NoSuchKey") return false;  // another 404 is of who stands before the store
  return refused(call, *answer);
}

Result<bool> Bucket::get(const std::string& key, const http::BodySink& sink, std::function<bool()> cancelled) {
  constexpr uint64_t kObjectMax = uint64_t{5} << 30;
  return found({.method = "GET", .key = key, .sink = sink, .bytes_max = kObjectMax, .cancelled = std::move(cancelled)});
}

Result<std::optional<std::string>> Bucket::get(const std::string& key) {
  std::string bytes;
  const auto there = found({.method = "GET", .key = key, .sink = [&](std::string_view more) { return bytes.append(more), true; }});
  if (!there) return std::unexpected(there.error());
  if (!*there) return std::nullopt;
  return bytes;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
Result<std::vector<std::string>> Bucket::keys(const std::string& prefix, const std::string& after) {
  Call call{.method = "GET", .key = "", .query = {{"list-type", "2"}, {"prefix", prefix}, {"max-keys", "1000"}}};
  if (!after.empty()) call.query.emplace_back("start-after", after);
  const auto answer = send(call);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status / 100 != 2) return refused(call, *answer);
  std::vector<std::string> found;
  for (const std::string_view object : elements(answer->body, "Contents"))
    if (auto key = element(object, "Key")) found.push_back(std::move(*key));
  return found;
}

}  // namespace millrace::object_store
