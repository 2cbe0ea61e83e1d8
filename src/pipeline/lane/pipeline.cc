#include "pipeline/lane/pipeline.h"

#include <algorithm>

#include "base/log.h"
#include "base/stack.h"
#include "clients/kafka/group_admin.h"
#include "pipeline/sinks/clickhouse/shards.h"

namespace millrace::pipeline {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kStartAgain{500};

// Until it succeeds, can't succeed, or nobody wants it any more.
template <class Attempt>
Status with_patience(const std::atomic<bool>& stop, Attempt attempt) {
  std::string said;
  while (true) {
    Status done = attempt();
    if (done || done.error().retry == Retry::kPermanent) return done;
    if (stop) return transient("stopped while it waited: " + done.error().message);
    if (said != done.error().message) log::info("waiting: {}", said = done.error().message);
    std::this_thread::sleep_for(kStartAgain);
  }
}

ClickHouseShards clickhouse_shards(const PipelineSettings& all, metrics::Registry& metrics) {
  clickhouse::Endpoint like = all.clickhouse;
  like.query_timeout = milliseconds(5000);
  return watched_shards(like, all.clickhouse_shards, metrics);
}

std::shared_ptr<BillingClient> billing_client(const PipelineSettings& all, metrics::Registry& metrics) {
  if (all.billing_address.empty()) return nullptr;
  BillingClientSettings settings;
  settings.address = all.billing_address, settings.generation = all.ledger_generation;
  return std::make_shared<BillingClient>(std::move(settings), metrics);
}

// Every process watches; each has a patience of its own, lest all of them act at once.
GroupWatchSettings group_watch_settings(const PipelineSettings& all) {
  GroupWatchSettings settings{all.kafka, all.pipeline, all.dead_letters};
  settings.patience = all.drain_deadline + milliseconds(5000 + std::hash<std::string>{}(all.instance) % 5000);
  settings.session_timeout = all.session_timeout;
  return settings;
}

}  // namespace

Pipeline::Pipeline(PipelineSettings settings, SchemaCache& schemas, TopicIds& topic_ids, metrics::Registry& process_metrics)
    : settings_(std::move(settings)),
      metrics_(process_metrics, {{"pipeline", settings_.pipeline}}),
      schemas_(schemas),
      topic_ids_(topic_ids),
      catalogs_(settings_.topics, settings_.rules, settings_.kafka, schemas_, metrics_),
      clickhouse_(clickhouse_shards(settings_, metrics_)),
      server_clock_(clickhouse_.empty() ? nullptr : std::make_unique<ServerClock>(clickhouse_, metrics_)) {}

Pipeline::~Pipeline() {
  close();
  (void)join();
}

Status Pipeline::start(const std::atomic<bool>& stop) {
  if (auto loaded = with_patience(stop, [&] { return catalogs_.load(); }); !loaded) return loaded;
  // Without it the first bad record would stop its partition, much later.
  const auto letters = with_patience(stop, [&]() -> Status {
    if (const auto found = topic_ids_.find(settings_.dead_letters); !found)
      return transient("the topic of " + settings_.pipeline + "'s dead letters, " + settings_.dead_letters + ", must be there: " + found.error().message);
    return {};
  });
  if (!letters) return letters;
  const auto ask = settings_.rules.catalog_topic.empty() || settings_.alerts.empty() ? AlertTopic::Ask::kNo : AlertTopic::Ask::kUntilKnown;
  alert_topic_ = std::make_unique<AlertTopic>(settings_.alerts, ask, schemas_, topic_ids_);
  context_.reset(new LaneContext{settings_, metrics_, schemas_, catalogs_, topic_ids_, clickhouse_, server_clock_.get(), *alert_topic_,
                                 billing_client(settings_, metrics_)});
  for (int number = 0; number < settings_.lanes; ++number) {
    auto lane = Lane::create(*context_, number);
    if (!lane) return std::unexpected(lane.error());
    lanes_.push_back(std::move(*lane));
  }
  results_.resize(lanes_.size());
  lanes_running_ = static_cast<int>(lanes_.size());
  for (int number = 0; number < settings_.lanes; ++number) threads_.emplace_back([this, number] { run(number); });
  group_watch_ = std::make_unique<GroupWatch>(group_watch_settings(settings_), [this] { return topic_ids_.partitions(settings_.topics); }, metrics_);
  return {};
}

// A lane whose membership was fenced, or came to nothing, is made anew, unless it was another process that did it.
void Pipeline::run(int number) {
  const auto at = static_cast<size_t>(number);
  while (true) {
    Status& result = results_[at] = lanes_[at]->run();
    if (result) break;
    log::warn("lane {}/{}: {}", settings_.pipeline, number, result.error().message);
    end_lane(at);  // it would stay a member
    if (auto free = until_nobody_is(member_of(settings_, number)); !free) {
      result = free;
    } else if (closing_) {
      result = {};
    } else if (auto made = Lane::create(*context_, number); !made) {
      result = std::unexpected(made.error());
    } else {
      log::info("lane {}/{} begins anew", settings_.pipeline, number);
      std::lock_guard lock(mutex_);
      lanes_[at] = std::move(*made);
      if (closing_) lanes_[at]->close();
      continue;
    }
    break;
  }
  if (!results_[at]) {
    log::error("lane {}/{} ends: {}", settings_.pipeline, number, results_[at].error().message);
    failed_ = true;
  }
  end_lane(at);  // it turns no more, and nobody is to wonder why
  --lanes_running_;
}

// Nobody else sees it while it is destroyed, which takes its time.
void Pipeline::end_lane(size_t at) {
  std::unique_ptr<Lane> ended;
  {
    std::lock_guard lock(mutex_);
    ended = std::move(lanes_[at]);
  }
}

// A static member may be fenced by itself: a broker that dies while it answers a join knows the member afterwards by an id that the client
// never heard of. Nobody keeps that one alive, so it is gone when its session is over. Another process isn't: an error.
Status Pipeline::until_nobody_is(const std::string& member) const {
  using Clock = std::chrono::steady_clock;
  auto groups = kafka::GroupAdmin::create(settings_.kafka);
  if (!groups) return std::unexpected(groups.error());
  std::optional<Clock::time_point> there_since;
  while (!closing_) {
    const auto group = groups->describe(settings_.pipeline, milliseconds(5000));
    if (!group)
      there_since.reset();  // a broker that comes back begins the session anew
    else if (std::ranges::none_of(group->members, [&](const auto& each) { return each.instance_id == member; }))
      return {};
    else if (!there_since)
      there_since = Clock::now();
    else if (Clock::now() - *there_since > 2 * settings_.session_timeout + milliseconds(5000))
      return permanent("another process is " + member + " in the group " + settings_.pipeline + ": every process needs an `instance` of its own");
    std::this_thread::sleep_for(kStartAgain);
  }
  return {};
}

void Pipeline::close() {
  closing_ = true;
  std::lock_guard lock(mutex_);
  for (auto& lane : lanes_)
    if (lane) lane->close();
}

Status Pipeline::join() {
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
  group_watch_.reset();
  for (const Status& result : results_)
    if (!result) return result;
  return {};
}

void Pipeline::end_if_stuck() {
  std::lock_guard lock(mutex_);
  stuck_.resize(lanes_.size());
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (!lanes_[i] || !stuck_[i].stuck(lanes_[i]->turned_ms())) continue;
    log::error("lane {}/{} hasn't turned for {} s: the process ends, and what it had begun is completed after a restart. The lane stands at:",
               settings_.pipeline, i, StuckLane::kLooks);
    print_stack(threads_[i].native_handle());
    std::_Exit(1);
  }
}

metrics::Health Pipeline::health() const {
  std::lock_guard lock(mutex_);
  const auto now_ms = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (!lanes_[i]) continue;  // being made anew
    if (now_ms - lanes_[i]->turned_ms() > 60'000) return {false, "lane " + settings_.pipeline + "/" + std::to_string(i) + " hasn't turned for a minute"};
    if (lanes_[i]->stopped() > 0)
      return {true,
              "lane " + settings_.pipeline + "/" + std::to_string(i) + ": " + std::to_string(lanes_[i]->stopped()) + " partitions stand still, see the log"};
  }
  return {};
}

}  // namespace millrace::pipeline
