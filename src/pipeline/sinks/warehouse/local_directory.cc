#include "pipeline/sinks/warehouse/local_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <vector>

namespace millrace::pipeline {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const std::string& what, const std::string& path, int code = errno) {
  const std::string message = "the warehouse's " + what + " of " + path + " failed: " + std::strerror(code);
  switch (code) {
    case ENOSPC:
    case EDQUOT: return transient(message + ": make room, or a larger quota", code);
    case ENAMETOOLONG: return permanent(message + ": give the table a shorter name", code);
    case EPERM:
    case EOPNOTSUPP: return permanent(message + ": the file system must have hard links", code);
    default: return transient(message, code);
  }
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : value_(::open(path.c_str(), flags | O_CLOEXEC)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

Status sync_folder(const std::string& path) {
  const Descriptor folder(path, O_RDONLY | O_DIRECTORY);
  if (folder.value() < 0) return failed("opening", path);
  if (::fsync(folder.value()) != 0) return failed("fsync", path);
  return {};
}

// Up to `size` bytes; fewer only at the end.
Result<size_t> read_some(int descriptor, char* to, size_t size, const std::string& path) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(descriptor, to + done, size - done);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("reading", path);
    done += static_cast<size_t>(n);
  }
  return done;
}

bool is_temporary(const std::string& name) { return name.starts_with('.') && name.ends_with(".tmp"); }

}  // namespace

NewFile::NewFile(std::string root, const std::string& name) : root_(std::move(root)), path_(root_ + "/" + name) {
  std::random_device random;
  char digits[20];
  std::snprintf(digits, sizeof digits, "%08x%08x", random(), random());
  const fs::path path(path_);
  temporary_ = path.parent_path().string() + "/." + path.stem().string() + "." + digits + ".tmp";
}

NewFile::~NewFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

Status NewFile::open() {
  // The root is not made: where a disk isn't mounted, that would fill the one below it.
  if (struct stat info{}; ::stat(root_.c_str(), &info) != 0) {
    return transient("the warehouse's root " + root_ + " can't be reached: " + std::strerror(errno) + ": create it, or mount it", errno);
  }
  for (size_t slash = path_.find('/', root_.size() + 1); slash != std::string::npos; slash = path_.find('/', slash + 1)) {
    const std::string folder = path_.substr(0, slash);
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) return failed("making", folder);
  }
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) return failed("creating", temporary_);
  return {};
}

Status NewFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("writing", temporary_);
    bytes.remove_prefix(static_cast<size_t>(n));
    size_ += static_cast<uint64_t>(n);
  }
  return {};
}

Result<NewFile::Published> NewFile::publish() {
  if (::fsync(descriptor_) != 0) return failed("fsync", temporary_);
  Published published = Published::kNew;
  if (::link(temporary_.c_str(), path_.c_str()) != 0) {
    if (errno != EEXIST) return failed("naming", path_);
    published = Published::kWasThere;
  }
  // Its writer may not have come so far as to sync the folders.
  if (const Status synced = sync_folders(); !synced) return std::unexpected(synced.error());
  return published;
}

Status NewFile::sync_folders() const {
  for (size_t slash = path_.rfind('/'); slash != std::string::npos && slash >= root_.size(); slash = path_.rfind('/', slash - 1)) {
    if (const Status synced = sync_folder(path_.substr(0, slash)); !synced) return synced;
    if (slash == 0) break;
  }
  return {};
}

Result<std::optional<std::string>> LocalDirectory::read(const std::string& name) const {
  const std::string path = root_ + "/" + name;
  const Descriptor file(path, O_RDONLY);
  if (file.value() < 0 && errno == ENOENT) return std::nullopt;
  if (file.value() < 0) return failed("opening", path);
  std::string bytes;
  std::vector<char> piece(1 << 16);
  while (true) {
    const auto n = read_some(file.value(), piece.data(), piece.size(), path);
    if (!n) return std::unexpected(n.error());
    bytes.append(piece.data(), *n);
    if (*n < piece.size()) return bytes;
  }
}

Status LocalDirectory::sync(const std::string& name) const { return sync_folder(fs::path(root_ + "/" + name).parent_path().string()); }

size_t LocalDirectory::sweep(std::chrono::seconds older_than, const std::function<bool()>& stop) const {
  size_t removed = 0;
  std::error_code error;
  const auto oldest = fs::file_time_type::clock::now() - older_than;
  // What can't be read now is swept another time.
  for (fs::recursive_directory_iterator at(root_, fs::directory_options::skip_permission_denied, error), end; !error && at != end && !stop();
       at.increment(error)) {
    std::error_code gone;
    if (!is_temporary(at->path().filename().string()) || !at->is_regular_file(gone)) continue;
    const auto written = at->last_write_time(gone);
    if (!gone && written < oldest && fs::remove(at->path(), gone)) ++removed;
  }
  return removed;
}

Result<bool> same_bytes(const std::string& path, const std::string& other_path) {
  const Descriptor one(path, O_RDONLY), other(other_path, O_RDONLY);
  if (one.value() < 0) return failed("opening", path);
  if (other.value() < 0) return failed("opening", other_path);
  std::vector<char> piece(1 << 18), other_piece(1 << 18);
  while (true) {
    const auto n = read_some(one.value(), piece.data(), piece.size(), path);
    if (!n) return std::unexpected(n.error());
    const auto m = read_some(other.value(), other_piece.data(), other_piece.size(), other_path);
    if (!m) return std::unexpected(m.error());
    if (*n != *m || std::memcmp(piece.data(), other_piece.data(), *n) != 0) return false;
    if (*n < piece.size()) return true;
  }
}

Result<uint64_t> file_size(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return failed("stat", path);
  return static_cast<uint64_t>(info.st_size);
}

}  // namespace millrace::pipeline
