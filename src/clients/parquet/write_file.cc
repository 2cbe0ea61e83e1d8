#include "clients/parquet/write_file.h"

#include <arrow/array.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <algorithm>
#include <exception>
#include <optional>

#include "clients/parquet/arrow_arrays.h"

namespace millrace::parquet {
namespace {

constexpr const char* kWrittenBy = "millrace version 2";  // in the file: a version of the format as we write it, not of the program

// Hands the bytes on, and keeps the first error: Arrow has only its text.
class AppendStream : public arrow::io::OutputStream {
 public:
  explicit AppendStream(const std::function<Status(std::string_view)>& append) : append_(append) {}
  arrow::Status Write(const void* data, int64_t size) override {
    if (const Status status = append_({static_cast<const char*>(data), static_cast<size_t>(size)}); !status) {
      error_ = status.error();
      return arrow::Status::IOError(error_->message);
    }
    position_ += size;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  const std::function<Status(std::string_view)>& append_;
  int64_t position_ = 0;
  bool closed_ = false;
  std::optional<Error> error_;
};

// A part's rows [first, first + count).
struct Group {
  Rows of;
  size_t first = 0, count = 0;
};
using NextPart = std::function<Result<std::optional<Group>>()>;

class Writing {
 public:
  Writing(const NextPart& next, std::span<const std::string> bytes_columns, const WriteSettings& settings, AppendStream& out)
      : next_(next), bytes_columns_(bytes_columns), settings_(settings), out_(out) {}

  arrow::Status run() {
    const std::shared_ptr<arrow::io::OutputStream> out(std::shared_ptr<void>(), &out_);
    std::unique_ptr<::parquet::arrow::FileWriter> writer;
    while (true) {
      const auto group = next_();
      if (!group) {
        error_ = group.error();
        return arrow::Status::IOError(error_->message);
      }
      if (!*group) break;
      if (!writer) {
        ARROW_ASSIGN_OR_RAISE(writer, ::parquet::arrow::FileWriter::Open(*schema((*group)->of), arrow::system_memory_pool(), out, properties((*group)->of)));
      }
      if ((*group)->count > 0) ARROW_RETURN_NOT_OK(write_group(*writer, **group));
    }
    MILLRACE_CHECK(writer != nullptr, "a file has columns");
    return writer->Close();
  }
  const std::optional<Error>& error() const { return error_; }  // of `next`

 private:
  Strings strings(const std::string& column) const {
    return std::find(bytes_columns_.begin(), bytes_columns_.end(), column) == bytes_columns_.end() ? Strings::kText : Strings::kBytes;
  }
  template <class Visit>
  static void for_columns(const Rows& part, Visit visit) {
    for (size_t i = 0; i < part.block->column_count(); ++i) visit(part.block->name(i), part.block->column(i), false);
    if (part.same == nullptr) return;
    for (size_t i = 0; i < part.same->column_count(); ++i) visit(part.same->name(i), part.same->column(i), true);
  }
  std::shared_ptr<arrow::Schema> schema(const Rows& of) const {
    arrow::FieldVector fields;
    for_columns(of, [&](const std::string& name, const columns::Column& column, bool) { fields.push_back(arrow_field(name, column.type(), strings(name))); });
    return arrow::schema(std::move(fields));
  }

  std::shared_ptr<::parquet::WriterProperties> properties(const Rows& of) const {
    ::parquet::WriterProperties::Builder builder;
    builder.memory_pool(arrow::system_memory_pool())
        ->created_by(kWrittenBy)
        ->compression(::parquet::Compression::ZSTD)
        ->compression_level(settings_.zstd_level)
        ->enable_statistics()
        ->enable_write_page_index()
        ->enable_store_decimal_as_integer()
        ->max_row_group_length(static_cast<int64_t>(settings_.row_group_rows));
    for_columns(of, [&](const std::string& name, const columns::Column& column, bool same) {
      if (!same) encode(builder, name, columns::is_nullable(column.type()) ? column.type().children[0] : column.type());
    });
    return builder.build();
  }
  // A dictionary of what hardly ever repeats costs a hash table and gains nothing: numbers and times are their differences, ids are as they are. Texts have one,
  // until it is too large. https://parquet.apache.org/docs/file-format/data-pages/encodings/
  static void encode(::parquet::WriterProperties::Builder& builder, const std::string& name, const columns::Type& type) {
    using columns::Kind;
    switch (type.kind) {
      case Kind::kUuid: builder.disable_dictionary(name)->disable_statistics(name); return;  // of random bits, every group has all
      case Kind::kInt32:
      case Kind::kInt64:
      case Kind::kUInt32:
      case Kind::kUInt64:
      case Kind::kDecimal32:
      case Kind::kDecimal64:
      case Kind::kDateTime:
      case Kind::kDateTime64: builder.disable_dictionary(name)->encoding(name, ::parquet::Encoding::DELTA_BINARY_PACKED); return;
      case Kind::kFloat32:
      case Kind::kFloat64: builder.disable_dictionary(name)->encoding(name, ::parquet::Encoding::BYTE_STREAM_SPLIT); return;
      case Kind::kFixedString:
      case Kind::kDecimal128:
      case Kind::kDecimal256: builder.disable_dictionary(name); return;
      default: return;
    }
  }

  arrow::Status write_group(::parquet::arrow::FileWriter& writer, const Group& group) {
    ARROW_RETURN_NOT_OK(writer.NewRowGroup());
    arrow::Status status;
    // Column by column: of a row group only one column is there in both forms.
    for_columns(group.of, [&](const std::string& name, const columns::Column& column, bool same) {
      if (!status.ok()) return;
      const auto array = arrow_array(column, same ? 0 : group.first, same ? 1 : group.count, strings(name));
      status = same ? write_repeated(writer, *array, group.count) : writer.WriteColumnChunk(*array);
    });
    return status;
  }
  static arrow::Status write_repeated(::parquet::arrow::FileWriter& writer, const arrow::Array& one, size_t count) {
    ARROW_ASSIGN_OR_RAISE(const auto value, one.GetScalar(0));
    ARROW_ASSIGN_OR_RAISE(const auto array, arrow::MakeArrayFromScalar(*value, static_cast<int64_t>(count), arrow::system_memory_pool()));
    return writer.WriteColumnChunk(*array);
  }

  const NextPart& next_;
  std::span<const std::string> bytes_columns_;
  const WriteSettings& settings_;
  AppendStream& out_;
  std::optional<Error> error_;
};

size_t group_rows(const columns::Block& block, const WriteSettings& settings) {
  const size_t by_bytes = settings.row_group_bytes * block.rows() / std::max<size_t>(block.bytes(), 1);
  return std::clamp<size_t>(by_bytes, 1, settings.row_group_rows);
}

Status write_all(const NextPart& next, std::span<const std::string> bytes_columns, const WriteSettings& settings,
                 const std::function<Status(std::string_view)>& append) {
  AppendStream out(append);
  Writing writing(next, bytes_columns, settings, out);
  arrow::Status status;
  try {
    status = writing.run();
  } catch (const std::exception& e) {
    status = arrow::Status::UnknownError(e.what());
  }
  if (writing.error()) return std::unexpected(*writing.error());
  if (out.error()) return std::unexpected(*out.error());
  if (status.ok()) return {};
  const std::string message = "Parquet can't be written: " + status.ToString();
  return status.IsOutOfMemory() ? transient(message) : permanent(message);
}

}  // namespace

Status write_groups(const NextGroup& next, std::span<const std::string> bytes_columns, const WriteSettings& settings,
                    const std::function<Status(std::string_view)>& append) {
  const NextPart whole = [&]() -> Result<std::optional<Group>> {
    const auto rows = next();
    if (!rows) return std::unexpected(rows.error());
    if (!*rows) return std::nullopt;
    return Group{**rows, 0, (*rows)->block->rows()};
  };
  return write_all(whole, bytes_columns, settings, append);
}

Status write_file(std::span<const Rows> parts, std::span<const std::string> bytes_columns, const WriteSettings& settings,
                  const std::function<Status(std::string_view)>& append) {
  size_t part = 0, first = 0;
  const NextPart cut = [&]() -> Result<std::optional<Group>> {
    if (part == parts.size()) return std::nullopt;
    const columns::Block& block = *parts[part].block;
    const Group group{parts[part], first, std::min(group_rows(block, settings), block.rows() - first)};
    first += group.count;
    if (first == block.rows()) ++part, first = 0;
    return group;
  };
  return write_all(cut, bytes_columns, settings, append);
}

}  // namespace millrace::parquet
