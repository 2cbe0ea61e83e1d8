#include "clients/parquet/read_columns.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/extension_type.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <exception>
#include <memory>

namespace millrace::parquet {
namespace {

template <class Array>
void append_integers(const arrow::Array& array, std::vector<int64_t>& values) {
  const auto& typed = static_cast<const Array&>(array);
  for (int64_t i = 0; i < typed.length(); ++i) values.push_back(static_cast<int64_t>(typed.Value(i)));
}

// Big endian, as Parquet has it.
Uuid uuid_of(const uint8_t* bytes) {
  Uuid id;
  for (int i = 0; i < 8; ++i) id.high = id.high << 8 | bytes[i], id.low = id.low << 8 | bytes[8 + i];
  return id;
}

template <class Value>
std::vector<Value>& vector_of(Values& values) {
  if (!std::holds_alternative<std::vector<Value>>(values.of)) values.of.emplace<std::vector<Value>>();
  return std::get<std::vector<Value>>(values.of);
}

arrow::Status append(const arrow::Array& array, Values& values) {
  switch (array.type_id()) {
    case arrow::Type::INT8: append_integers<arrow::Int8Array>(array, vector_of<int64_t>(values)); break;
    case arrow::Type::INT16: append_integers<arrow::Int16Array>(array, vector_of<int64_t>(values)); break;
    case arrow::Type::INT32: append_integers<arrow::Int32Array>(array, vector_of<int64_t>(values)); break;
    case arrow::Type::INT64: append_integers<arrow::Int64Array>(array, vector_of<int64_t>(values)); break;
    case arrow::Type::UINT8: append_integers<arrow::UInt8Array>(array, vector_of<int64_t>(values)); break;
    case arrow::Type::UINT16: append_integers<arrow::UInt16Array>(array, vector_of<int64_t>(values)); break;
    case arrow::Type::UINT32: append_integers<arrow::UInt32Array>(array, vector_of<int64_t>(values)); break;
    case arrow::Type::UINT64: append_integers<arrow::UInt64Array>(array, vector_of<int64_t>(values)); break;
    case arrow::Type::STRING: {
      const auto& texts = static_cast<const arrow::StringArray&>(array);
      for (int64_t i = 0; i < texts.length(); ++i) vector_of<std::string>(values).emplace_back(texts.GetView(i));
      break;
    }
    case arrow::Type::DECIMAL128: {
      const auto& decimals = static_cast<const arrow::Decimal128Array&>(array);
      values.scale = static_cast<const arrow::DecimalType&>(*array.type()).scale();
      for (int64_t i = 0; i < decimals.length(); ++i) {
        const arrow::Decimal128 value(decimals.GetValue(i));
        vector_of<Unscaled>(values).push_back(static_cast<Unscaled>(value.high_bits()) << 64 | static_cast<Unscaled>(value.low_bits()));
      }
      break;
    }
    case arrow::Type::EXTENSION: return append(*static_cast<const arrow::ExtensionArray&>(array).storage(), values);  // arrow.uuid
    case arrow::Type::FIXED_SIZE_BINARY: {
      const auto& bytes = static_cast<const arrow::FixedSizeBinaryArray&>(array);
      if (bytes.byte_width() != 16) return arrow::Status::TypeError("values of ", bytes.byte_width(), " bytes are no UUIDs");
      for (int64_t i = 0; i < bytes.length(); ++i) vector_of<Uuid>(values).push_back(uuid_of(bytes.GetValue(i)));
      return arrow::Status::OK();
    }
    default: return arrow::Status::TypeError("columns of ", array.type()->ToString(), " aren't read here");
  }
  return arrow::Status::OK();
}

arrow::Status read_all(const std::string& path, std::span<const std::string> names, const std::function<Status(std::span<const Values>, size_t)>& take,
                       Status& taken) {
  ::parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.OpenFile(path));
  ARROW_ASSIGN_OR_RAISE(const auto reader, builder.memory_pool(arrow::system_memory_pool())->Build());
  const auto metadata = reader->parquet_reader()->metadata();
  std::vector<int> columns;
  for (const std::string& name : names)
    if (const int column = metadata->schema()->ColumnIndex(name); column >= 0) columns.push_back(column);
  for (int group = 0; group < metadata->num_row_groups(); ++group) {
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Table> table, reader->ReadRowGroup(group, columns));
    std::vector<Values> values(names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      const auto column = table->GetColumnByName(names[i]);
      if (!column) continue;
      for (const auto& chunk : column->chunks()) {
        if (const auto appended = append(*chunk, values[i]); !appended.ok()) return appended.WithMessage(names[i], ": ", appended.message());
        for (int64_t row = 0; row < chunk->length(); ++row) values[i].null.push_back(chunk->IsNull(row));
      }
    }
    taken = take(values, static_cast<size_t>(table->num_rows()));
    if (!taken) return arrow::Status::OK();
  }
  return arrow::Status::OK();
}

}  // namespace

Status read_columns(const std::string& path, std::span<const std::string> names, const std::function<Status(std::span<const Values>, size_t)>& take) {
  Status taken;
  arrow::Status read;
  try {
    read = read_all(path, names, take, taken);
  } catch (const std::exception& e) {
    read = arrow::Status::UnknownError(e.what());
  }
  if (!read.ok()) return permanent(path + " can't be read: " + read.ToString());
  return taken;
}

}  // namespace millrace::parquet
