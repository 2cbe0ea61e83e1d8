#include "pipeline/sinks/warehouse/local_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

namespace millrace::pipeline {

std::unexpected<Error> file_error(const std::string& operation, const std::string& path, int code) {
  const std::string message = "the warehouse's " + operation + " of " + path + " failed: " + std::strerror(code);
  switch (code) {
    case ENOSPC:
    case EDQUOT: return transient(message + ": make room, or a larger quota", code);
    case ENAMETOOLONG: return permanent(message + ": give the table a shorter name", code);
    case EPERM:
    case EOPNOTSUPP: return permanent(message + ": the file system must have hard links", code);
    default: return transient(message, code);
  }
}
std::unexpected<Error> file_error(const std::string& operation, const std::string& path) { return file_error(operation, path, errno); }

// ---- descriptors

FileDescriptor::FileDescriptor(const std::string& path, int flags, mode_t mode) : value_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
FileDescriptor::~FileDescriptor() {
  if (value_ >= 0) ::close(value_);
}
FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

std::string random_digits() {
  std::random_device random;
  char digits[20];
  std::snprintf(digits, sizeof digits, "%08x%08x", random(), random());
  return digits;
}

// ---- files in the making

Result<UnfinishedFile> UnfinishedFile::named(std::string path) {
  FileDescriptor file(path, O_RDWR | O_CREAT | O_EXCL, 0666);
  if (!file.open()) return file_error("creating", path);
  return UnfinishedFile(std::move(file), std::move(path), true);
}

Result<UnfinishedFile> UnfinishedFile::nameless(const std::string& folder) {
  const std::string path = folder + "/.millrace." + random_digits() + ".tmp";
  FileDescriptor file(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (!file.open()) return file_error("creating", path);
  if (::unlink(path.c_str()) != 0) return file_error("unlinking", path);
  std::string by_number = "/proc/self/fd/" + std::to_string(file.value());
  return UnfinishedFile(std::move(file), std::move(by_number), false);
}

UnfinishedFile::UnfinishedFile(UnfinishedFile&& other) noexcept
    : descriptor_(std::move(other.descriptor_)), path_(std::move(other.path_)), has_name_(std::exchange(other.has_name_, false)), size_(other.size_) {}

UnfinishedFile::~UnfinishedFile() {
  if (has_name_) ::unlink(path_.c_str());
}

Status UnfinishedFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_.value(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error("writing", path_);
    bytes.remove_prefix(static_cast<size_t>(n));
    size_ += static_cast<uint64_t>(n);
  }
  return {};
}

Status UnfinishedFile::sync() {
  if (::fsync(descriptor_.value()) != 0) return file_error("fsync", path_);
  return {};
}

Result<size_t> UnfinishedFile::read(uint64_t at, std::span<char> to) const {
  size_t done = 0;
  while (done < to.size()) {
    const ssize_t n = ::pread(descriptor_.value(), to.data() + done, to.size() - done, static_cast<off_t>(at + done));
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error("reading", path_);
    done += static_cast<size_t>(n);
  }
  return done;
}

// ---- files that are there

namespace {

// Up to `size` bytes; fewer only at the end.
Result<size_t> read_some(const FileDescriptor& file, char* to, size_t size, const std::string& path) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(file.value(), to + done, size - done);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error("reading", path);
    done += static_cast<size_t>(n);
  }
  return done;
}

}  // namespace

Result<std::string> read_whole(const FileDescriptor& file, const std::string& path) {
  std::string bytes;
  std::vector<char> piece(1 << 16);
  while (true) {
    const auto n = read_some(file, piece.data(), piece.size(), path);
    if (!n) return std::unexpected(n.error());
    bytes.append(piece.data(), *n);
    if (*n < piece.size()) return bytes;
  }
}

Result<bool> same_bytes(const std::string& path, const std::string& other_path) {
  const FileDescriptor one(path, O_RDONLY), other(other_path, O_RDONLY);
  if (!one.open()) return file_error("opening", path);
  if (!other.open()) return file_error("opening", other_path);
  std::vector<char> piece(1 << 18), other_piece(1 << 18);
  while (true) {
    const auto n = read_some(one, piece.data(), piece.size(), path);
    if (!n) return std::unexpected(n.error());
    const auto m = read_some(other, other_piece.data(), other_piece.size(), other_path);
    if (!m) return std::unexpected(m.error());
    if (*n != *m || std::memcmp(piece.data(), other_piece.data(), *n) != 0) return false;
    if (*n < piece.size()) return true;
  }
}

Result<uint64_t> file_size(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return file_error("stat", path);
  return static_cast<uint64_t>(info.st_size);
}

}  // namespace millrace::pipeline
