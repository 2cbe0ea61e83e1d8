#include "pipeline/sinks/warehouse/bucket_folder.h"

#include <algorithm>
#include <vector>

namespace millrace::pipeline {
namespace {

Result<object_store::Sha256> digest_of(const UnfinishedFile& file) {
  object_store::Sha256Stream stream;
  std::vector<char> piece(1 << 18);
  for (uint64_t at = 0; at < file.size();) {
    const auto n = file.read(at, piece);
    if (!n) return std::unexpected(n.error());
    if (*n == 0) return transient(file.path() + " is shorter than what was written to it");
    stream.add({piece.data(), *n});
    at += *n;
  }
  return stream.end();
}

// An answer that didn't come is looked for by the next attempt: whoever finds an object compares.
std::unexpected<Error> again(const Error& error) { return std::unexpected(Error{Retry::kTransient, error.code, "the warehouse: " + error.message}); }

}  // namespace

BucketFolder::BucketFolder(object_store::BucketSettings bucket, const std::string& prefix, std::string spool)
    : bucket_(std::move(bucket)), prefix_(prefix), spool_(std::move(spool)) {
  while (prefix_.ends_with('/')) prefix_.pop_back();
  name_ = "s3://" + bucket_.settings().bucket + (prefix_.empty() ? "" : "/") + prefix_;
  if (!prefix_.empty()) prefix_ += '/';
}

Result<Published> BucketFolder::publish(UnfinishedFile& file, const std::string& name, const Cancelled& cancelled) {
  const auto digest = digest_of(file);
  if (!digest) return std::unexpected(digest.error());
  // A file that can't be read on ends the body short, which the store refuses.
  object_store::ObjectBody body{file.size(), *digest, [&file, at = uint64_t{0}](char* to, size_t size) mutable {
                                  const size_t n = file.read(at, {to, size}).value_or(0);
                                  at += n;
                                  return n;
                                }};
  const auto put = bucket_.put_new(prefix_ + name, std::move(body), cancelled);
  if (!put) return again(put.error());
  return *put == object_store::Bucket::Put::kNew ? Published::kNew : Published::kWasThere;
}

Result<std::optional<std::string>> BucketFolder::read(const std::string& name) {
  auto bytes = bucket_.get(prefix_ + name);
  if (!bytes) return again(bytes.error());
  return bytes;
}

Result<FinishedFile> BucketFolder::open(const std::string& name, const Cancelled& cancelled) {
  auto copy = UnfinishedFile::nameless(spool_);
  if (!copy) return std::unexpected(copy.error());
  Status written;
  const auto keep = [&](std::string_view bytes) {
    written = copy->append(bytes);
    return written.has_value();
  };
  const auto there = bucket_.get(prefix_ + name, keep, cancelled);
  if (!written) return std::unexpected(written.error());
  if (!there) return again(there.error());
  if (!*there) return transient(name_ + "/" + name + " was there and is gone");
  std::string path = copy->path();
  return FinishedFile{std::move(path), std::move(*copy)};
}

}  // namespace millrace::pipeline
