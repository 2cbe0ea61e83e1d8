#pragma once
// The part of libchdb's C interface (26.7) that is used here.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace millrace::chdb {

struct Functions {
  void (*set_signal_handlers_enabled)(int);
  const char* (*version)();
  void** (*connect)(int argc, char** argv);  // gives a pointer to the connection; the other functions take the connection
  void (*close_connection)(void** connection);
  void* (*query)(void* connection, const char* sql, size_t sql_size, const char* format, size_t format_size);
  void* (*stream_query)(void* connection, const char* sql, size_t sql_size, const char* format, size_t format_size);
  void* (*stream_fetch)(void* connection, void* stream);
  void (*stream_cancel)(void* connection, void* stream);
  void* (*insert)(void* connection, const char* sql, size_t sql_size, const char* format, size_t format_size);  // never null
  int (*insert_append)(void* insert, const void* data, size_t size);                                            // 0: good
  void* (*insert_done)(void* insert);
  void (*insert_cancel)(void* insert);
  const char* (*insert_error)(void* insert);
  void (*insert_destroy)(void* insert);
  char* (*result_buffer)(void* result);
  size_t (*result_length)(void* result);
  const char* (*result_error)(void* result);
  uint64_t (*rows_read)(void* result);
  uint64_t (*bytes_read)(void* result);
  uint64_t (*rows_written)(void* result);
  uint64_t (*bytes_written)(void* result);
  void (*result_destroy)(void* result);
};

Status load(const std::string& library, Functions& into);

}  // namespace millrace::chdb
