#include "simulation/clickhouse.h"

#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

constexpr int64_t kClockErrorMaxMs = 500;  // so that it steps by a second at most, half of ClickHouseWrite::kGuardMs

ClickHouse::ClickHouse(World& world) : world_(world) {
  clock_error_ = world.env.random.between(-kClockErrorMaxMs, kClockErrorMaxMs);
  // A term, and the slowest landing after it, see `disk_slow`.
  window_ms_ = world.env.guards.world.window_outlives_term ? 40'000 : world.env.random.between(200, 3'000);
}

std::optional<int64_t> ClickHouse::time() const {
  if (world_.env.now() < up_at_ || world_.faults.outage_of(Server::kClickHouse)) return std::nullopt;
  return world_.env.now() + clock_error_;
}

Checker& ClickHouse::checker_of(const Rows& rows) const { return world_.pipelines[static_cast<size_t>(rows.made->pipeline)]->checker; }

void ClickHouse::insert(const InsertRequest& request, const Reply& reply) {
  if (!time()) return reply(false);
  ++world_.saw.inserts;
  checker_of(*request.rows).sees("ClickHouse", *request.rows->made);
  const uint64_t number = ++numbers_;
  under_way_.push_back({number, request, reply});
  const auto& s = world_.env.schedule;
  const int64_t stall = world_.env.chance(s.body_stalls) ? world_.env.random.between(500, 15'000) : world_.env.random.between(0, 5);
  world_.env.queue.after(stall, [this, number] { body_is_whole(number); });
}

void ClickHouse::body_is_whole(uint64_t number) {
  const auto at = std::ranges::find(under_way_, number, &UnderWay::number);
  if (at == under_way_.end()) return;  // it died with the server
  if (*time() / 1000 > at->request.deadline_s && world_.env.guards.world.deadline) {
    world_.saw.refused_late++;
    world_.env.trace([&] { return "clickhouse: refused after its term, " + to_string(at->request.rows->made->plan->id.value); });
    return take(number)->reply(false);
  }
  const auto& s = world_.env.schedule;
  const int64_t writing = world_.env.chance(s.disk_slow) ? world_.env.random.between(500, 20'000) : world_.env.random.between(1, 15);
  world_.env.queue.after(writing, [this, number] { land(number); });
}

bool ClickHouse::remembers(const InsertRequest& request) {
  std::erase_if(tokens_, [&](const Token& t) { return t.at + window_ms_ < world_.env.now(); });
  return std::ranges::any_of(
      tokens_, [&](const Token& t) { return t.token == request.token && t.plan == request.rows->made->plan->id && t.table == request.rows->table; });
}

void ClickHouse::land(uint64_t number) {
  auto insert = take(number);
  if (!insert) return;
  const InsertRequest& request = insert->request;
  const Rows& rows = *request.rows;
  const auto say = [&](const char* what) {
    world_.env.trace([&] {
      return std::string("clickhouse: ") + what + ", plan " + to_string(rows.made->plan->id.value) + " table " + rows.table + " token " +
             std::to_string(request.token);
    });
  };
  const bool answered = !world_.env.chance(world_.env.schedule.answer_lost);
  if (remembers(request)) {
    world_.saw.deduplicated++;
    say("deduplicated");
    if (answered) insert->reply(true);
    return;
  }
  tokens_.push_back({rows.table, rows.made->plan->id, request.token, world_.env.now()});
  if (world_.env.chance(world_.env.schedule.lost_at_rename)) {
    world_.saw.lost_at_rename++;
    say("token kept, rows lost");
    if (world_.env.random.chance(0.5)) crash();
    return insert->reply(false);
  }
  say("landed");
  if (!world_.env.guards.world.one_part) return land_in_two(std::move(*insert));
  rows_are_there(rows, 0, rows.records.size());
  if (answered) insert->reply(true);
}

void ClickHouse::rows_are_there(const Rows& rows, size_t begin, size_t end) {
  counts_[{rows.made->plan->id, rows.table}] += end - begin;
  checker_of(rows).landed(rows, begin, end);
}

// The broken rule: two parts, and the server may die between them.
void ClickHouse::land_in_two(UnderWay insert) {
  const Rows& rows = *insert.request.rows;
  const size_t half = rows.records.size() / 2;
  rows_are_there(rows, 0, half);
  insert.number = ++numbers_;
  under_way_.push_back(insert);
  world_.env.queue.after(world_.env.random.between(1, 50), [this, half, number = insert.number] {
    const auto second = take(number);
    if (!second) return;
    rows_are_there(*second->request.rows, half, second->request.rows->records.size());
    second->reply(true);
  });
}

std::optional<ClickHouse::UnderWay> ClickHouse::take(uint64_t number) {
  const auto at = std::ranges::find(under_way_, number, &UnderWay::number);
  if (at == under_way_.end()) return std::nullopt;
  UnderWay taken = std::move(*at);
  under_way_.erase(at);
  perhaps_again(taken.request);
  return taken;
}

// Somebody on the way repeats it, when it is over, and has the answer to himself. (While it runs he may not: see no_hidden_retry.)
void ClickHouse::perhaps_again(const InsertRequest& request) {
  if (!world_.env.chance(world_.env.schedule.insert_repeated)) return;
  const int64_t later = world_.env.random.between(1, world_.env.random.chance(0.2) ? 90'000 : 20'000);
  world_.env.queue.after(later, [=, this] { insert(request, [](bool) {}); });
}

std::optional<uint64_t> ClickHouse::under_way(PlanId plan, const std::string& table) const {
  if (!time()) return std::nullopt;
  return std::ranges::count_if(under_way_, [&](const UnderWay& u) { return u.request.rows->made->plan->id == plan && u.request.rows->table == table; });
}

std::optional<uint64_t> ClickHouse::count(PlanId plan, const std::string& table) {
  if (!time()) return std::nullopt;
  const auto at = counts_.find({plan, table});
  const uint64_t rows = at == counts_.end() ? 0 : at->second;
  if (world_.env.guards.world.fresh_counts) return rows;
  return cached_.try_emplace({plan, table}, rows).first->second;
}

std::optional<bool> ClickHouse::has_rows(const Pipeline& pipeline, const TopicPartition& partition) const {
  if (!time()) return std::nullopt;
  return pipeline.checker.has_rows(partition);
}

void ClickHouse::go_down(int64_t ms) {
  up_at_ = std::max(up_at_, world_.env.now() + ms);
  for (const UnderWay& died : std::exchange(under_way_, {})) {
    perhaps_again(died.request);
    if (world_.env.random.chance(0.7)) died.reply(false);
  }
}

void ClickHouse::crash() {
  world_.env.trace([] { return "clickhouse: killed"; });
  go_down(world_.env.random.between(100, 3'000));
}

void ClickHouse::lose_power() {
  world_.env.trace([] { return "clickhouse: power lost"; });
  const int64_t synced = world_.env.now() - world_.env.random.between(0, 60'000);
  std::erase_if(tokens_, [&](const Token& t) { return t.at > synced; });
  const bool slow = world_.env.guards.world.reboot_outlasts_term;
  go_down(slow ? world_.env.random.between(12'000, 20'000) : world_.env.random.between(100, 3'000));
}

void ClickHouse::step_clock() {
  clock_error_ = world_.env.random.between(-kClockErrorMaxMs, kClockErrorMaxMs);
  world_.env.trace([&] { return "clickhouse: its clock is off by " + std::to_string(clock_error_) + " ms"; });
}

}  // namespace millrace::simulation
