#pragma once
// The ledger's tables, and how a database gets from an older version of them to this one.

#include <cstdint>

#include "base/result.h"
#include "clients/sql/connection.h"

namespace millrace::billing {

inline constexpr int64_t kSchemaVersion = 1;

// Makes the tables, or brings older ones up to date, in one transaction; begins the generation if it is above the stored one (and so an empty
// ledger beside the old one). kPermanent: the database is of a newer release, or at a higher generation.
Status prepare_schema(sql::Connection& connection, uint32_t generation);

// Writers of one PostgreSQL database, in several processes, take turns: the first thing in a write transaction. SQLite's lock is the transaction's own.
Status take_turn(sql::Connection& connection);

}  // namespace millrace::billing
