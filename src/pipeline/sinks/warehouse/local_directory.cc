#include "pipeline/sinks/warehouse/local_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace millrace::pipeline {
namespace {

namespace fs = std::filesystem;

Status sync_folder(const std::string& path) {
  const FileDescriptor folder(path, O_RDONLY | O_DIRECTORY);
  if (!folder.open()) return file_error("opening", path);
  if (::fsync(folder.value()) != 0) return file_error("fsync", path);
  return {};
}

Status sync_folders(const std::string& root, const std::string& path) {
  for (size_t slash = path.rfind('/'); slash != std::string::npos && slash >= root.size(); slash = path.rfind('/', slash - 1)) {
    if (const Status synced = sync_folder(path.substr(0, slash)); !synced) return synced;
    if (slash == 0) break;
  }
  return {};
}

bool is_temporary(const std::string& name) { return name.starts_with('.') && name.ends_with(".tmp"); }

}  // namespace

Result<UnfinishedFile> LocalDirectory::new_file(const std::string& name) const {
  // The root is not made: where a disk isn't mounted, that would fill the one below it.
  if (struct stat info{}; ::stat(root_.c_str(), &info) != 0) {
    return transient("the warehouse's root " + root_ + " can't be reached: " + std::strerror(errno) + ": create it, or mount it", errno);
  }
  const std::string whole = root_ + "/" + name;
  for (size_t slash = whole.find('/', root_.size() + 1); slash != std::string::npos; slash = whole.find('/', slash + 1)) {
    const std::string folder = whole.substr(0, slash);
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) return file_error("making", folder);
  }
  const fs::path path(whole);
  return UnfinishedFile::named(path.parent_path().string() + "/." + path.stem().string() + "." + random_digits() + ".tmp");
}

Result<Published> LocalDirectory::publish(UnfinishedFile& file, const std::string& name, const Cancelled&) const {
  if (const Status synced = file.sync(); !synced) return std::unexpected(synced.error());
  const std::string path = root_ + "/" + name;
  Published published = Published::kNew;
  if (::link(file.path().c_str(), path.c_str()) != 0) {
    if (errno != EEXIST) return file_error("naming", path);
    published = Published::kWasThere;
  }
  // Its writer may not have come so far as to sync the folders.
  if (const Status synced = sync_folders(root_, path); !synced) return std::unexpected(synced.error());
  return published;
}

Result<std::optional<std::string>> LocalDirectory::read(const std::string& name) const {
  const std::string path = root_ + "/" + name;
  const FileDescriptor file(path, O_RDONLY);
  if (!file.open() && errno == ENOENT) return std::nullopt;
  if (!file.open()) return file_error("opening", path);
  auto bytes = read_whole(file, path);
  if (!bytes) return std::unexpected(bytes.error());
  return std::optional(std::move(*bytes));
}

Status LocalDirectory::settle(const std::string& name) const { return sync_folders(root_, root_ + "/" + name); }

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

}  // namespace millrace::pipeline
