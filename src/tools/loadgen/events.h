#pragma once
// The event types: for each, how an event of contracts/avro/<topic>.avsc is drawn and written as Avro binary.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tools/loadgen/binary_writer.h"
#include "tools/loadgen/population.h"

namespace millrace::loadgen {

struct Draw {
  const Population& population;
  Random& random;
  uint64_t seed;
  uint64_t number;  // of the event, over all types
  int64_t time_ms;  // when it happened
  size_t tenant;    // rank - 1
};

struct EventType {
  const char* topic;
  unsigned weight;  // its share among the types that are produced
  // Appends the datum to `out` and sets the record's key.
  void (*write)(Draw& draw, BinaryWriter& out, std::string& key);
};

void write_pageview(Draw& draw, BinaryWriter& out, std::string& key);
void write_session_end(Draw& draw, BinaryWriter& out, std::string& key);
void write_error(Draw& draw, BinaryWriter& out, std::string& key);
void write_order(Draw& draw, BinaryWriter& out, std::string& key);
void write_payment(Draw& draw, BinaryWriter& out, std::string& key);
void write_bench_pageview(Draw& draw, BinaryWriter& out, std::string& key);

std::span<const EventType> demo_event_types();
const EventType* event_type_of_topic(std::string_view topic);  // nullptr: none writes it

// What every demo event begins with: event_id, tenant, occurred_at.
void write_head(Draw& draw, BinaryWriter& out);

}  // namespace millrace::loadgen
