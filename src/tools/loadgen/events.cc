#include "tools/loadgen/events.h"

namespace millrace::loadgen {
namespace {
constexpr EventType kDemo[] = {
    {"user.pageview", 60, write_pageview},  {"order.created", 8, write_order},   {"payment.processed", 8, write_payment},
    {"session.end", 14, write_session_end}, {"error.captured", 10, write_error},
};
constexpr EventType kBench = {"page.view", 1, write_bench_pageview};
}  // namespace

std::span<const EventType> demo_event_types() { return kDemo; }

const EventType* event_type_of_topic(std::string_view topic) {
  for (const EventType& type : kDemo)
    if (topic == type.topic) return &type;
  return topic == kBench.topic ? &kBench : nullptr;
}

void write_head(Draw& draw, BinaryWriter& out) {
  out.text(uuid_v4(draw.random));
  out.text(draw.population.tenant(draw.tenant));
  out.integer(draw.time_ms);
}

}  // namespace millrace::loadgen
