#include "clients/parquet/read_file.h"

#include <arrow/array.h>
#include <arrow/compare.h>
#include <arrow/chunked_array.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <exception>
#include <functional>
#include <memory>

namespace millrace::parquet {
namespace {

using Reader = std::unique_ptr<::parquet::arrow::FileReader>;

arrow::Result<Reader> opened(const std::string& path) {
  ::parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.OpenFile(path));
  return builder.memory_pool(arrow::system_memory_pool())->Build();
}

arrow::Result<bool> compared(const std::string& path, const std::string& other_path) {
  ARROW_ASSIGN_OR_RAISE(const Reader one, opened(path));
  ARROW_ASSIGN_OR_RAISE(const Reader other, opened(other_path));
  std::shared_ptr<arrow::Schema> schema, other_schema;
  ARROW_RETURN_NOT_OK(one->GetSchema(&schema));
  ARROW_RETURN_NOT_OK(other->GetSchema(&other_schema));
  if (!schema->Equals(*other_schema, false)) return false;
  if (one->parquet_reader()->metadata()->num_rows() != other->parquet_reader()->metadata()->num_rows()) return false;
  const auto options = arrow::EqualOptions::Defaults().nans_equal(true);
  for (int i = 0; i < schema->num_fields(); ++i) {
    std::shared_ptr<arrow::ChunkedArray> column, other_column;
    ARROW_RETURN_NOT_OK(one->ReadColumn(i, &column));
    ARROW_RETURN_NOT_OK(other->ReadColumn(i, &other_column));
    if (!column->Equals(*other_column, options)) return false;
  }
  return true;
}

// Whatever the library says of a file that can't be read may come from the disk: the same call may succeed later.
template <class T>
Result<T> translated(const std::string& path, const std::function<arrow::Result<T>()>& read) {
  arrow::Result<T> result = arrow::Status::UnknownError("");
  try {
    result = read();
  } catch (const std::exception& e) {
    result = arrow::Status::UnknownError(e.what());
  }
  if (result.ok()) return *result;
  return transient(path + " can't be read: " + result.status().ToString());
}

}  // namespace

Result<int64_t> row_count(const std::string& path) {
  return translated<int64_t>(path, [&]() -> arrow::Result<int64_t> {
    ARROW_ASSIGN_OR_RAISE(const Reader reader, opened(path));
    return reader->parquet_reader()->metadata()->num_rows();
  });
}

Result<bool> same_rows(const std::string& path, const std::string& other_path) {
  return translated<bool>(path, [&] { return compared(path, other_path); });
}

}  // namespace millrace::parquet
