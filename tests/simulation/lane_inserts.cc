// ClickHouse: carries out what ClickHouseWrite decides, one machine for each table of the plan.
#include <algorithm>

#include "simulation/world.h"

namespace millrace::simulation {

using Write = pipeline::ClickHouseWrite;

constexpr int64_t kInsertTimeoutMs = 6'000, kQueryTimeoutMs = 5'000;

template <class Ask, class Tell>
void Lane::query(const WritePtr& write, Ask ask, Tell tell) {
  const uint64_t step = write->step;
  const auto answered = [=, this](auto&& then) {
    if (write->dropped || write->step != step) return;
    then();
    advance(write);
  };
  later(kQueryTimeoutMs, [=] { answered([&] { write->machine.query_failed(); }); });
  if (world_.env.chance(world_.env.schedule.lost)) return;
  world_.env.queue.after(world_.env.delay(), [=, this] {
    const auto answer = ask();
    later(world_.env.delay(), [=] {
      answered([&] {
        if (answer)
          tell(*answer);
        else
          write->machine.query_failed();
      });
    });
  });
}

void Lane::advance(const WritePtr& write) {
  if (write->dropped) return;
  ++write->step;
  const PlanId plan = write->rows->made->plan->id;
  const std::string& table = write->rows->table;
  Write& machine = write->machine;
  const auto& act = machine.action();
  if (const auto* one = std::get_if<Write::Insert>(&act)) return insert(write, *one);
  if (std::holds_alternative<Write::AskServerTime>(act))
    return query(write, [this] { return world_.clickhouse.time(); }, [&machine](int64_t ms) { machine.server_time(ms); });
  if (std::holds_alternative<Write::AskUnderWay>(act))
    return query(write, [this, plan, table] { return world_.clickhouse.under_way(plan, table); }, [&machine](uint64_t n) { machine.under_way(n); });
  if (std::holds_alternative<Write::Count>(act))
    return query(write, [this, plan, table] { return world_.clickhouse.count(plan, table); }, [&machine](uint64_t n) { machine.counted(n); });
  if (const auto* wait = std::get_if<Write::Wait>(&act))
    return later(wait->time.count(), [=, this, step = write->step] {
      if (write->dropped || write->step != step) return;
      write->machine.waited();
      advance(write);
    });
  if (const auto* stop = std::get_if<Write::Stop>(&act)) throw Violation("ClickHouse: plan " + to_string(plan.value) + " stops: " + stop->reason);
  written();
}

void Lane::insert(const WritePtr& write, const Write::Insert& act) {
  const auto& s = world_.env.schedule;
  const uint64_t step = write->step;
  const auto answered = [=, this](bool acknowledged) {
    if (write->dropped || write->step != step) return;
    world_.env.trace([&] { return name_ + ": insert into " + write->rows->table + (acknowledged ? " acknowledged" : " failed"); });
    if (acknowledged)
      write->machine.insert_acknowledged();
    else
      write->machine.insert_failed();
    advance(write);
  };
  world_.env.trace([&] { return name_ + ": inserts into " + write->rows->table + " in term " + std::to_string(act.term); });
  later(kInsertTimeoutMs, [=] { answered(false); });
  const InsertRequest request{write->rows, act.term, act.token, act.deadline_s};
  const ClickHouse::Reply reply = [=, this](bool acknowledged) {
    if (!acknowledged && !world_.env.guards.world.no_hidden_retry) {  // the broken rule: a proxy asks again
      world_.env.queue.after(world_.env.delay(), [=, this] {
        world_.clickhouse.insert(request, [=, this](bool second) { later(world_.env.delay(), [=] { answered(second); }); });
      });
      return;
    }
    later(world_.env.delay(), [=] { answered(acknowledged); });
  };
  if (!world_.env.chance(s.insert_lost)) {
    int64_t late = world_.env.delay();
    if (world_.env.chance(s.insert_late)) {  // by chance, or just about when its term ends
      const int64_t end = (act.deadline_s + 1) * 1'000 - world_.env.now();
      late = world_.env.random.chance(0.5) ? world_.env.random.between(500, world_.env.random.chance(0.1) ? 90'000 : 20'000)
                                           : std::max<int64_t>(1, end + world_.env.random.between(-200, 600));
    }
    world_.env.queue.after(late, [=, this] { world_.clickhouse.insert(request, reply); });
  }
}

}  // namespace millrace::simulation
