#include "tools/loadgen/stream.h"

namespace millrace::loadgen {

Stream::Stream(StreamSettings settings, Pace pace) : settings_(std::move(settings)), pace_(std::move(pace)), population_(settings_.population) {
  for (const auto& topic : settings_.topics) weights_ += topic.type->weight;
  MILLRACE_CHECK(weights_ > 0, "a stream without topics");
}

void Stream::make(uint64_t number, Event& event) const {
  Random random(settings_.seed, number);
  uint64_t at = random.below(weights_);
  for (event.topic = 0; at >= settings_.topics[event.topic].type->weight; ++event.topic) at -= settings_.topics[event.topic].type->weight;
  const auto& topic = settings_.topics[event.topic];

  // Most events arrive at once, some a little late, one in a hundred after up to half an hour (a phone that was offline).
  const int64_t late = random.chance(0.01) ? static_cast<int64_t>(random.below(1'800'000)) : static_cast<int64_t>(random.below(50));
  event.time_ms = settings_.start_ms + static_cast<int64_t>(pace_.due_ms(number)) - late;
  event.defect = settings_.defects.draw(random);

  event.value.assign(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) event.value.push_back(static_cast<char>(static_cast<uint32_t>(topic.schema.value) >> shift));
  BinaryWriter out(event.value);
  Draw draw{population_, random, settings_.seed, number, event.time_ms, population_.draw_tenant(random)};
  topic.type->write(draw, out, event.key);
  spoil(event.defect, random, event.value);
}

}  // namespace millrace::loadgen
