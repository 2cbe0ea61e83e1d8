#include "clients/chdb/engine.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "clients/chdb/functions.h"

namespace millrace::chdb {
namespace {

struct ResultHolder {
  const Functions& functions;
  void* result;
  ~ResultHolder() {
    if (result) functions.result_destroy(result);
  }
};

std::unexpected<Error> refused(const char* text) {
  std::string message = text && *text ? text : "the engine gave no answer and no reason";
  const int code = exception_code(message);
  return permanent(std::move(message), code);
}

}  // namespace

int exception_code(std::string_view message) {
  const size_t at = message.find("Code: ");
  int code = 0;
  if (at != message.npos) std::from_chars(message.data() + at + 6, message.data() + message.size(), code);
  return code;
}

std::string default_library() {
  std::string deps;
  if (const char* set = std::getenv("MILLRACE_DEPS")) {
    deps = set;
  } else if (const char* cache = std::getenv("XDG_CACHE_HOME")) {
    deps = std::string(cache) + "/millrace/deps";
  } else if (const char* home = std::getenv("HOME")) {
    deps = std::string(home) + "/.cache/millrace/deps";
  }
  return deps + "/chdb-26.7.3/libchdb.so";
}

InsertStream::InsertStream(InsertStream&& other) noexcept : functions_(other.functions_), handle_(std::exchange(other.handle_, nullptr)) {}

InsertStream::~InsertStream() {
  if (!handle_) return;
  functions_.insert_cancel(handle_);
  functions_.insert_destroy(handle_);
}

Status InsertStream::append(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (functions_.insert_append(handle_, bytes.data(), bytes.size()) != 0) return refused(functions_.insert_error(handle_));
  return {};
}

Result<Written> InsertStream::finish() {
  void* handle = std::exchange(handle_, nullptr);
  ResultHolder done{functions_, functions_.insert_done(handle)};
  const char* error = done.result ? functions_.result_error(done.result) : functions_.insert_error(handle);
  Result<Written> written = (error && *error) || !done.result ? Result<Written>(refused(error))
                                                              : Written{functions_.rows_written(done.result), functions_.bytes_written(done.result)};
  functions_.insert_destroy(handle);
  return written;
}

Connection::~Connection() { functions_.close_connection(static_cast<void**>(handle_)); }

Result<Answer> Connection::query(std::string_view sql, std::string_view format) {
  void* connection = *static_cast<void**>(handle_);
  ResultHolder held{functions_, functions_.query(connection, sql.data(), sql.size(), format.data(), format.size())};
  if (!held.result) return refused(nullptr);
  if (const char* error = functions_.result_error(held.result); error && *error) return refused(error);
  Answer answer{{}, functions_.rows_read(held.result), functions_.bytes_read(held.result)};
  if (const char* bytes = functions_.result_buffer(held.result)) answer.body.assign(bytes, functions_.result_length(held.result));
  return answer;
}

Status Connection::stream(std::string_view sql, std::string_view format, const std::function<bool(std::string_view)>& take) {
  void* connection = *static_cast<void**>(handle_);
  ResultHolder stream{functions_, functions_.stream_query(connection, sql.data(), sql.size(), format.data(), format.size())};
  if (!stream.result) return refused(nullptr);
  if (const char* error = functions_.result_error(stream.result); error && *error) return refused(error);
  while (true) {
    ResultHolder piece{functions_, functions_.stream_fetch(connection, stream.result)};
    if (!piece.result) return refused(nullptr);
    if (const char* error = functions_.result_error(piece.result); error && *error) return refused(error);
    const size_t size = functions_.result_length(piece.result);
    if (size == 0) return {};
    if (!take({functions_.result_buffer(piece.result), size})) {
      functions_.stream_cancel(connection, stream.result);
      return {};
    }
  }
}

Result<InsertStream> Connection::insert(std::string_view sql, std::string_view format) {
  void* connection = *static_cast<void**>(handle_);
  InsertStream stream(functions_, functions_.insert(connection, sql.data(), sql.size(), format.data(), format.size()));
  if (const char* error = functions_.insert_error(stream.handle_); error && *error) return refused(error);
  return stream;
}

Engine::Engine() : functions_(std::make_unique<Functions>()) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(const EngineOptions& options) {
  static std::mutex once;
  static bool opened = false;
  const std::lock_guard lock(once);
  MILLRACE_CHECK(!opened, "the engine can be opened once in a process");
  std::unique_ptr<Engine> engine(new Engine);
  engine->options_ = options;
  std::error_code error;
  std::filesystem::create_directories(options.data, error);
  if (error) return permanent("the directory " + options.data + " can't be made: " + error.message());
  if (auto loaded = load(options.library.empty() ? default_library() : options.library, *engine->functions_); !loaded) return std::unexpected(loaded.error());
  engine->functions_->set_signal_handlers_enabled(0);  // before anything else: they would take ours
  auto keeper = engine->connect();
  if (!keeper)
    return permanent("the ClickHouse engine can't open " + options.data + " (" + keeper.error().message + "): is another process using it?",
                     keeper.error().code);
  opened = true;
  engine->keeper_ = std::move(*keeper);
  return engine;
}

Result<std::unique_ptr<Connection>> Engine::connect() {
  std::vector<std::string> arguments{"clickhouse", "--path=" + options_.data};
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  void** handle = functions_->connect(static_cast<int>(argv.size()), argv.data());
  if (!handle || !*handle) return permanent("no connection to the engine");
  return std::unique_ptr<Connection>(new Connection(*functions_, handle));
}

std::string Engine::version() const { return functions_->version(); }

}  // namespace millrace::chdb
