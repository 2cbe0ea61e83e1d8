#pragma once
// Files of this machine, as the warehouse makes and reads them. Errors are transient unless only somebody's hand can mend them.

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::pipeline {

// What errno, or `code`, says of an operation on a path, and what to do about it.
std::unexpected<Error> file_error(const std::string& operation, const std::string& path, int code);
std::unexpected<Error> file_error(const std::string& operation, const std::string& path);

// Closes itself.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int value) : value_(value) {}
  FileDescriptor(const std::string& path, int flags, mode_t mode = 0);
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  bool open() const { return value_ >= 0; }
  int value() const { return value_; }

 private:
  int value_ = -1;
};

// A file in the making. Destroyed, it is gone. One thread, but for reading through path().
class UnfinishedFile {
 public:
  static Result<UnfinishedFile> named(std::string path);              // there must be no such file
  static Result<UnfinishedFile> nameless(const std::string& folder);  // nothing is left of it when the process dies

  UnfinishedFile(UnfinishedFile&& other) noexcept;
  UnfinishedFile& operator=(UnfinishedFile&&) = delete;
  ~UnfinishedFile();

  Status append(std::string_view bytes);
  Status sync();
  // Up to `to.size()` bytes from `at` on; fewer only at the end.
  Result<size_t> read(uint64_t at, std::span<char> to) const;
  uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }  // whoever opens it reads from the beginning

 private:
  UnfinishedFile(FileDescriptor descriptor, std::string path, bool has_name)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), has_name_(has_name) {}
  FileDescriptor descriptor_;
  std::string path_;
  bool has_name_ = false;
  uint64_t size_ = 0;
};

std::string random_digits();  // 16, hexadecimal

Result<std::string> read_whole(const FileDescriptor& file, const std::string& path);
Result<bool> same_bytes(const std::string& path, const std::string& other_path);
Result<uint64_t> file_size(const std::string& path);

}  // namespace millrace::pipeline
