#pragma once
// The ClickHouse engine inside this process: libchdb.so, loaded at run time (the package has no header; functions.h declares
// what is used of it). One process owns a data directory, opens it once, and can't open it again after closing.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::chdb {

struct Functions;

struct EngineOptions {
  std::string library;                 // path of libchdb.so; empty: default_library()
  std::string data;                    // made if it isn't there
  std::vector<std::string> arguments;  // more of the engine's command line: "--max_server_memory_usage=…"
};

// MILLRACE_DEPS, or the cache directory of the user: where `./dev setup` puts it.
std::string default_library();

struct Answer {
  std::string body;
  uint64_t rows_read = 0, bytes_read = 0;
};
struct Written {
  uint64_t rows = 0, bytes = 0;
};

// Every error of a statement has the engine's exception code in `code` and its text, "Code: 60. DB::Exception: …", in `message`.

// A streaming insert. Destroyed before finish() it is cancelled, and what the engine hasn't flushed is not inserted (nothing at
// all with min_insert_block_size_rows above the body's rows). The connection takes no other statement meanwhile.
class InsertStream {
 public:
  InsertStream(InsertStream&& other) noexcept;
  InsertStream(const InsertStream&) = delete;
  ~InsertStream();
  Status append(std::string_view bytes);  // pieces may be cut anywhere; blocks when the engine falls behind
  Result<Written> finish();

 private:
  friend class Connection;
  InsertStream(const Functions& functions, void* handle) : functions_(functions), handle_(handle) {}
  const Functions& functions_;
  void* handle_;
};

// One session: its settings and current database are its own. One thread at a time; connections work side by side.
class Connection {
 public:
  ~Connection();
  Connection(const Connection&) = delete;

  // The whole answer in memory. Inline data of an INSERT goes wrong here (cut at the first blank line): use insert().
  Result<Answer> query(std::string_view sql, std::string_view format);
  // A SELECT in pieces; `take` returns false to stop. Pieces don't end at rows.
  Status stream(std::string_view sql, std::string_view format, const std::function<bool(std::string_view)>& take);
  // `sql` is INSERT INTO … without FORMAT and data; INSERT … SELECT is refused.
  Result<InsertStream> insert(std::string_view sql, std::string_view format);

 private:
  friend class Engine;
  Connection(const Functions& functions, void* handle) : functions_(functions), handle_(handle) {}
  const Functions& functions_;
  void* handle_;  // chdb_connection*: a pointer to the handle that the functions take
};

// Any thread. Outlives its connections; when the last connection is gone the engine shuts down: keep one until the end.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(const EngineOptions& options);
  ~Engine();
  Result<std::unique_ptr<Connection>> connect();
  std::string version() const;

 private:
  Engine();
  std::unique_ptr<Functions> functions_;
  EngineOptions options_;
  std::unique_ptr<Connection> keeper_;
};

// "Code: 60. DB::Exception: …" -> 60; 0 where there is none.
int exception_code(std::string_view message);

}  // namespace millrace::chdb
