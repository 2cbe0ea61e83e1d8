#pragma once
// Databases for tests: a SQLite file, or a PostgreSQL server of the test's own.

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/scratch_directory.h"

namespace millrace::billing {

// A cluster in a temporary directory, reached through a Unix socket there; initdb and server run as user postgres where the test is root. One for the whole
// test program, stopped at its end.
class PostgresServer {
 public:
  static PostgresServer& shared();
  ~PostgresServer();
  std::string new_database();  // its URL
  void restart();              // at once, as a crash: what was committed must be there

 private:
  PostgresServer();
  ScratchDirectory directory_;
  int databases_ = 0;
};

enum class TestEngine { kSqlite, kPostgres };

// An empty database, gone at the end.
class TestDatabase {
 public:
  explicit TestDatabase(TestEngine engine);
  const std::string& url() const { return url_; }
  const std::string& directory() const { return scratch_.path(); }  // of SQLite's file

 private:
  ScratchDirectory scratch_;
  std::string url_;
};

inline void shell(const std::string& command) { MILLRACE_CHECK(std::system(command.c_str()) == 0, command); }

// Debian keeps initdb and pg_ctl apart from the path, by version.
inline std::string postgres_binaries() {
  std::string newest;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql"))
    if (std::filesystem::exists(entry.path() / "bin/initdb") && entry.path().string() > newest) newest = entry.path().string();
  MILLRACE_CHECK(!newest.empty(), "PostgreSQL isn't installed: ./dev setup");
  return newest + "/bin/";
}

// As the user that the server runs as: PostgreSQL refuses root.
inline std::string as_server(const std::string& command) { return ::geteuid() == 0 ? "runuser -u postgres -- " + command : command; }

inline PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

inline PostgresServer::PostgresServer() {
  if (::geteuid() == 0) shell("chown postgres " + directory_.path());
  shell("cd / && " +
        as_server(postgres_binaries() + "initdb --no-sync --auth=trust --username=postgres --encoding=UTF8 --pgdata=" + directory_.path() + "/data") +
        " >/dev/null");
  shell("cd / && " +
        as_server(postgres_binaries() + "pg_ctl --pgdata=" + directory_.path() + "/data --log=" + directory_.path() +
                  "/log --wait --options='-c listen_addresses= -c fsync=off -k " + directory_.path() + "' start") +
        " >/dev/null");
}

inline PostgresServer::~PostgresServer() {
  (void)!std::system(
      ("cd / && " + as_server(postgres_binaries() + "pg_ctl --pgdata=" + directory_.path() + "/data --mode=immediate stop") + " >/dev/null 2>&1").c_str());
}

inline void PostgresServer::restart() {
  shell("cd / && " +
        as_server(postgres_binaries() + "pg_ctl --pgdata=" + directory_.path() + "/data --log=" + directory_.path() + "/log --wait --mode=immediate restart") +
        " >/dev/null");
}

inline std::string PostgresServer::new_database() {
  const std::string name = "ledger" + std::to_string(++databases_);
  shell("cd / && " + as_server("psql --quiet --host=" + directory_.path() + " --username=postgres --command='CREATE DATABASE " + name + "' postgres"));
  return "postgresql://postgres@/" + name + "?host=" + directory_.path();
}

inline TestDatabase::TestDatabase(TestEngine engine) {
  if (engine == TestEngine::kPostgres)
    url_ = PostgresServer::shared().new_database();
  else
    url_ = "sqlite:" + (scratch_ / "ledger.db");
}

}  // namespace millrace::billing
