#include "tools/operate/partition_state.h"

#include <charconv>

#include "pipeline/commit/lane_protocol.h"

namespace millrace::operate {

const char* name(Standing standing) {
  switch (standing) {
    case Standing::kGoesOn: return "goes_on";
    case Standing::kPlanPending: return "plan_pending";
    case Standing::kPlanStopped: return "plan_stopped";
    case Standing::kUnmarked: return "unmarked";
    case Standing::kBehindLog: return "behind_log";
    case Standing::kNoOffset: return "no_offset";
    case Standing::kOtherRelease: return "other_release";
    case Standing::kUnknown: return "unknown";
  }
  return "?";
}

const pipeline::PlanPtr& PartitionState::plan() const {
  static const pipeline::PlanPtr kNone;
  return mark ? mark->plan : kNone;
}

namespace {

// "mr", a number and a dot: the metadata of a release. Only this release's can be read; another's is no offset set by hand.
bool of_other_release(std::string_view metadata) {
  if (!metadata.starts_with("mr") || metadata.starts_with("mr1.")) return false;
  const size_t dot = metadata.find_first_not_of("0123456789", 2);
  return dot != std::string_view::npos && dot > 2 && metadata[dot] == '.';
}

void judge_mark(PartitionState& state) {
  if (state.mark->offset != *state.offset) {
    state.standing = Standing::kUnmarked;
    state.reason = "the offset is " + std::to_string(state.offset->value) + ", but the mark in it was made for " + std::to_string(state.mark->offset.value) +
                   ": the group was reset or mirrored";
  } else if (state.mark->topic_id != *state.topic_id) {
    state.standing = Standing::kUnmarked;
    state.topic_made_anew = true;
    state.reason = "the topic was deleted and made anew since the offset was committed (topic id " + millrace::to_string(state.mark->topic_id.value) +
                   ", now " + millrace::to_string(state.topic_id->value) + ")";
  } else if (!state.mark->plan) {
    state.standing = Standing::kGoesOn;
  } else if (state.mark->stopped) {
    state.standing = Standing::kPlanStopped;
    state.reason = "its owner found that the plan can't be completed; the owner's log says why";
  } else if (state.mark->adoptions >= pipeline::LaneProtocol::kAdoptionsMax) {
    state.standing = Standing::kPlanStopped;
    state.reason = "the plan was begun " + std::to_string(state.mark->adoptions) + " times in a row by workers that didn't survive making its rows";
  } else {
    state.standing = Standing::kPlanPending;
  }
}

}  // namespace

PartitionState judge(const kafka::CommittedOffset& committed, const Result<TopicId>& topic) {
  PartitionState state;
  state.partition = committed.partition;
  if (topic) state.topic_id = *topic;
  if (committed.error || !topic) {
    state.reason = committed.error ? committed.error->message : topic.error().message;
    if (committed.unstable) state.reason = "a transaction with an offset for it is pending";
    return state;
  }
  state.offset = committed.offset;
  state.metadata = committed.metadata;
  if (!committed.offset) {
    state.standing = Standing::kNoOffset;
    return state;
  }
  auto mark = pipeline::decode(committed.metadata);
  if (!mark) {
    state.standing = of_other_release(committed.metadata) ? Standing::kOtherRelease : Standing::kUnmarked;
    state.reason = mark.error().message;
    return state;
  }
  state.mark = std::move(*mark);
  judge_mark(state);
  return state;
}

void judge_log(PartitionState& state, const kafka::Watermarks& log) {
  if (state.standing != Standing::kGoesOn || *state.offset >= log.low) return;
  state.standing = Standing::kBehindLog;
  state.reason = "the log begins at " + std::to_string(log.low.value) + ": what stood between was removed before it was delivered";
}

Result<TopicPartition> parse_partition(std::string_view text) {
  const size_t slash = text.rfind('/');
  int32_t number = -1;
  if (slash != std::string_view::npos && slash > 0) {
    const auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) number = -1;
  }
  if (number < 0) return permanent("'" + std::string(text) + "' is no partition: write TOPIC/NUMBER, as order.created/3");
  return TopicPartition{std::string(text.substr(0, slash)), PartitionId(number)};
}

}  // namespace millrace::operate
