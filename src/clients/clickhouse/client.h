#pragma once
// ClickHouse over its HTTP interface: a server, a cluster's node or `millrace clickhouse-embedded`; nothing tells which.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "clients/clickhouse/endpoint.h"
#include "clients/clickhouse/endpoint_group.h"
#include "clients/clickhouse/error_codes.h"
#include "clients/clickhouse/insert_id.h"

namespace millrace::clickhouse {

using Settings = std::vector<std::pair<std::string, std::string>>;

struct InsertRequest {
  InsertId id;
  std::span<const std::string> columns;     // in the order of the block; names _deadline, never _landed_at
  std::span<const std::string_view> block;  // one Native block, in pieces; must stay until insert() returns
  std::chrono::milliseconds time_left;      // to the end of the term: bounds the request and max_execution_time
  Settings settings;                        // more than the fixed ones: insert_quorum, fsync_after_insert …
};

struct InsertAck {
  uint64_t written_rows = 0;  // as the server says; 0 too when the token was known
  std::chrono::microseconds took{0};
};

enum class Replicated { kNo, kYes };

// One client is one connection and belongs to one thread at a time. Calls block up to their timeout; nothing retries inside.
// With a group, each request goes to the replica that the group picks, once: an error may send the next request to another one.
class Client {
 public:
  explicit Client(Endpoint endpoint);
  explicit Client(std::shared_ptr<EndpointGroup> replicas);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  const Endpoint& endpoint() const;  // of a group: what its replicas have in common

  // One request, length declared, sent once, with insert_deduplicate=1, async_insert=0, the token, min_insert_block_size_* for
  // one part, insert_keeper_max_retries=0, wait_end_of_query=1 and max_execution_time below the term. Its body is in the endpoint's
  // content coding; the token is what it would be without.
  // EVERY error is an unknown outcome for the caller, whatever its `retry` says (that tells only whether trying again without a
  // human may help): count before anything else. trouble_of(error) says what it was.
  Result<InsertAck> insert(const InsertRequest& request);

  // The three queries before an insert of a later term, in this order, each by itself (DESIGN.md section 3). They go with
  // use_query_cache=0 and overflow modes `throw`, so that a wrong answer is an error.
  Result<std::chrono::sys_time<std::chrono::milliseconds>> server_time();
  // That system.processes lists, on every replica. One that can't be asked is an error, until nothing was heard of it for kMayStillInsert.
  Result<uint64_t> inserts_under_way(PlanId plan);
  static constexpr std::chrono::minutes kMayStillInsert{6};
  // Of a replicated table with select_sequential_consistency=1; sync_replica() comes before it.
  Result<uint64_t> count_of_plan(std::string_view table, PlanId plan, Replicated replicated = Replicated::kNo);

  // Whether the server in use has held inserts back for their many parts since this client last asked; false the first time.
  Result<bool> inserts_held_back();

  // By the table's engine. A table that isn't there isn't replicated.
  Result<Replicated> replicated(std::string_view table);
  // Until the replica in use has every part that any replica has told Keeper of; an error after some seconds.
  Status sync_replica(std::string_view table);

  // The whole answer, in `format` (TabSeparated, RowBinary, JSONEachRow …). Refuses an answer above 256 MB.
  Result<std::string> select(std::string_view sql, std::string_view format, const Settings& settings = {});
  // The answer in pieces as they arrive; `take` returns false to stop early. Pieces don't end at rows. An error in the middle
  // is returned as one: what was taken by then must be thrown away.
  Status select_stream(std::string_view sql, std::string_view format, const std::function<bool(std::string_view)>& take, const Settings& settings = {});
  // DDL and other statements without an answer.
  Status execute(std::string_view sql, const Settings& settings = {});
  Status ping();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::clickhouse
