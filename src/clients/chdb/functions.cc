#include "clients/chdb/functions.h"

#include <dlfcn.h>

namespace millrace::chdb {
namespace {
template <class F>
bool find(void* library, const char* name, F& into, std::string& missing) {
  into = reinterpret_cast<F>(dlsym(library, name));
  if (!into && missing.empty()) missing = name;
  return into;
}
}  // namespace

Status load(const std::string& library, Functions& into) {
  // Never closed: the engine's threads and destructors would outlive the code.
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return permanent(std::string("the ClickHouse engine can't be loaded: ") + dlerror() + ": run ./dev setup");
  std::string missing;
  find(handle, "chdb_set_signal_handlers_enabled", into.set_signal_handlers_enabled, missing);
  find(handle, "chdb_version", into.version, missing);
  find(handle, "chdb_connect", into.connect, missing);
  find(handle, "chdb_close_conn", into.close_connection, missing);
  find(handle, "chdb_query_n", into.query, missing);
  find(handle, "chdb_stream_query_n", into.stream_query, missing);
  find(handle, "chdb_stream_fetch_result", into.stream_fetch, missing);
  find(handle, "chdb_stream_cancel_query", into.stream_cancel, missing);
  find(handle, "chdb_stream_insert_n", into.insert, missing);
  find(handle, "chdb_stream_append", into.insert_append, missing);
  find(handle, "chdb_stream_done", into.insert_done, missing);
  find(handle, "chdb_stream_cancel_insert", into.insert_cancel, missing);
  find(handle, "chdb_stream_insert_error", into.insert_error, missing);
  find(handle, "chdb_destroy_insert_stream", into.insert_destroy, missing);
  find(handle, "chdb_result_buffer", into.result_buffer, missing);
  find(handle, "chdb_result_length", into.result_length, missing);
  find(handle, "chdb_result_error", into.result_error, missing);
  find(handle, "chdb_result_rows_read", into.rows_read, missing);
  find(handle, "chdb_result_bytes_read", into.bytes_read, missing);
  find(handle, "chdb_result_rows_written", into.rows_written, missing);
  find(handle, "chdb_result_bytes_written", into.bytes_written, missing);
  find(handle, "chdb_destroy_query_result", into.result_destroy, missing);
  if (missing.empty()) return {};
  return permanent(library + " has no function " + missing + ": 26.7.3 is needed; run ./dev setup");
}

}  // namespace millrace::chdb
