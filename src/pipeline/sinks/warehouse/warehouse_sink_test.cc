#include "pipeline/sinks/warehouse/warehouse_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/scratch_directory.h"
#include "clients/parquet/read_file.h"
#include "pipeline/sinks/warehouse/local_directory.h"
#include "pipeline/sinks/warehouse/manifest.h"
#include "pipeline/sinks/warehouse/names.h"
#include "pipeline/sinks/warehouse/partition_marks.h"

namespace millrace::pipeline {
namespace {

namespace fs = std::filesystem;
using columns::Kind;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr int64_t kTimeMs = 1'795'743'000'123;  // 2026-11-27 01:30:00.123 UTC

struct Root {
  ScratchDirectory scratch;
  fs::path path = scratch.path();
  std::vector<fs::path> files(const std::string& extension) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file() && entry.path().extension() == extension) found.push_back(entry.path());
    return found;
  }
  std::vector<fs::path> manifests() const {
    auto found = files(".json");
    std::erase_if(found, [](const fs::path& name) { return name.parent_path().filename() != "_manifest"; });
    return found;
  }
};

std::shared_ptr<const columns::Block> clicks(int64_t first, size_t count) {
  columns::Block block({{"at", columns::date_time64(3)}, {"page", columns::simple(Kind::kString)}, {"_offset", columns::simple(Kind::kInt64)}});
  for (int64_t i = first; i < first + static_cast<int64_t>(count); ++i) {
    block.column(0).append<int64_t>(1'700'000'000'000 + i);
    block.column(1).append_text("/page/" + std::to_string(i * 7919 % 100'003));
    block.column(2).append(i);
    block.end_row();
  }
  return std::make_shared<const columns::Block>(std::move(block));
}

WarehouseOrder order(uint64_t number, size_t rows) {
  WarehouseOrder made{PlanId(Uuid{0x019a'0000'0000'7000, number}), "demo", kTimeMs, {}, {}};
  made.ranges.push_back({"clicks", TopicId(Uuid{1, 2}), PartitionId(3), {Offset(0), Offset(static_cast<int64_t>(rows))}, static_cast<int64_t>(rows)});
  made.tables.push_back({"clicks", "clicks", "at", {}, clicks(0, rows)});
  return made;
}

class Writer {
 public:
  explicit Writer(const Root& root, parquet::WriteSettings files = {})
      : sink_({{.directory = root.path.string()}, files, milliseconds(5), milliseconds(20), std::chrono::hours(24)}, metrics_, [] {}) {}
  WarehouseSink& sink() { return sink_; }
  SinkState run(WarehouseOrder what) {
    sink_.begin(std::move(what));
    return wait([](const SinkState& s) { return s.kind != SinkState::Kind::kWriting; });
  }
  SinkState wait(const std::function<bool(const SinkState&)>& until) {
    for (int i = 0; i < 6000; ++i) {
      const SinkState state = sink_.state();
      if (until(state)) return state;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return sink_.state();
  }

 private:
  metrics::Registry metrics_;
  WarehouseSink sink_;
};

// What a reader sees: every file that a manifest names is there with the rows and bytes that it says. How many manifests.
size_t read_warehouse(const Root& root) {
  size_t manifests = 0;
  for (const fs::path& path : root.manifests()) {
    const auto text = LocalDirectory(root.path.string()).read("_manifest/" + path.filename().string());
    const auto manifest = parse_manifest(text.value().value());
    EXPECT_TRUE(manifest) << manifest.error().message;
    for (const ManifestFile& file : manifest->files) {
      const std::string name = (root.path / file.path).string();
      EXPECT_EQ(file_size(name).value_or(0), file.bytes) << name;
      EXPECT_EQ(parquet::row_count(name).value_or(-1), static_cast<int64_t>(file.rows)) << name;
    }
    ++manifests;
  }
  return manifests;
}

TEST(WarehouseNames, AreAFunctionOfThePlan) {
  const PlanId plan(Uuid{0x019a'0000'0000'7000, 5});
  EXPECT_EQ(file_name("clicks", plan, kTimeMs), "clicks/date=2026-11-27/hour=01/019a0000-0000-7000-0000-000000000005.parquet");
  EXPECT_THAT(file_name("../_manifest", plan, 0), testing::StartsWith("%2E.%2F_manifest/date=1970-01-01/hour=00/"));
  EXPECT_THAT(file_name("_manifest", plan, 0), testing::StartsWith("%5Fmanifest/"));
}

TEST(WarehouseSink, IsDurableWithFilesAndAManifest) {
  const Root root;
  Writer writer(root);
  EXPECT_EQ(writer.run(order(1, 1000)).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(read_warehouse(root), 1);
  EXPECT_TRUE(root.files(".tmp").empty());
  const auto text = LocalDirectory(root.path.string()).read(manifest_name(order(1, 0).plan)).value().value();
  const auto manifest = parse_manifest(text).value();
  EXPECT_EQ(manifest.ranges, order(1, 1000).ranges);
  ASSERT_EQ(manifest.files.size(), 1);
  EXPECT_EQ(manifest.files[0].rows, 1000);
  EXPECT_EQ(manifest.files[0].event_time_ms, std::pair(int64_t{1'700'000'000'000}, int64_t{1'700'000'000'999}));
  EXPECT_EQ(writer.sink().take_back().size(), 1);
  EXPECT_EQ(writer.sink().state().kind, SinkState::Kind::kIdle);
}

TEST(WarehouseSink, APlanWithoutRowsIsAManifestWithoutFiles) {
  const Root root;
  EXPECT_EQ(Writer(root).run(order(1, 0)).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(read_warehouse(root), 1);
  EXPECT_TRUE(root.files(".parquet").empty());
}

TEST(WarehouseSink, TablesOfSeveralTopicsShareAFile) {
  const Root root;
  auto both = order(1, 10);
  both.tables.push_back({"clicks", "more", "at", {}, clicks(10, 20)});
  EXPECT_EQ(Writer(root).run(std::move(both)).kind, SinkState::Kind::kDurable);
  ASSERT_EQ(root.files(".parquet").size(), 1);
  EXPECT_EQ(parquet::row_count(root.files(".parquet")[0]).value_or(-1), 30);
}

TEST(WarehouseSink, WritersOfOnePlanLeaveTheFirstFileStanding) {
  const Root root;
  Writer first(root), second(root), third(root);
  first.sink().begin(order(1, 20'000));
  second.sink().begin(order(1, 20'000));
  const auto ended = [](const SinkState& s) { return s.kind != SinkState::Kind::kWriting; };
  EXPECT_EQ(first.wait(ended).kind, SinkState::Kind::kDurable) << first.sink().state().reason;
  EXPECT_EQ(second.wait(ended).kind, SinkState::Kind::kDurable) << second.sink().state().reason;
  const auto file = root.files(".parquet").at(0);
  const auto written = fs::last_write_time(file);
  EXPECT_EQ(third.run(order(1, 20'000)).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(fs::last_write_time(file), written);
  EXPECT_EQ(root.files(".parquet").size(), 1);
  EXPECT_EQ(read_warehouse(root), 1);
  EXPECT_TRUE(root.files(".tmp").empty());
}

TEST(WarehouseSink, AFileWithoutItsManifestIsTakenUp) {
  const Root root;
  EXPECT_EQ(Writer(root).run(order(1, 100)).kind, SinkState::Kind::kDurable);
  fs::remove(root.manifests().at(0));
  EXPECT_EQ(Writer(root).run(order(1, 100)).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(read_warehouse(root), 1);
}

TEST(WarehouseSink, StopsWhereOtherRowsHaveThePlansName) {
  const Root root;
  EXPECT_EQ(Writer(root).run(order(1, 100)).kind, SinkState::Kind::kDurable);
  SinkState state = Writer(root).run(order(1, 101));
  EXPECT_EQ(state.kind, SinkState::Kind::kStopped);
  EXPECT_THAT(state.reason, HasSubstr(".json is of other rows"));
  fs::remove(root.manifests().at(0));
  auto others = order(1, 0);
  others.tables[0].rows = clicks(1, 100);
  state = Writer(root).run(std::move(others));
  EXPECT_EQ(state.kind, SinkState::Kind::kStopped);
  EXPECT_THAT(state.reason, HasSubstr(".parquet has other rows"));
  EXPECT_TRUE(root.manifests().empty());
}

TEST(WarehouseSink, WaitsForItsRoot) {
  const Root root;
  fs::remove(root.path);
  Writer writer(root);
  writer.sink().begin(order(1, 10));
  EXPECT_THAT(writer.wait([](const SinkState& s) { return !s.reason.empty(); }).reason, HasSubstr("create it, or mount it"));
  fs::create_directory(root.path);
  EXPECT_EQ(writer.wait([](const SinkState& s) { return s.kind == SinkState::Kind::kDurable; }).kind, SinkState::Kind::kDurable);
}

TEST(WarehouseSink, WaitsWhileFilesCantGrowAndThenGoesOn) {
  std::signal(SIGXFSZ, SIG_IGN);
  const Root root;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  Writer writer(root);
  writer.sink().begin(order(1, 50'000));
  const SinkState waiting = writer.wait([](const SinkState& s) { return !s.reason.empty(); });
  EXPECT_EQ(waiting.kind, SinkState::Kind::kWriting);
  EXPECT_THAT(waiting.reason, HasSubstr("File too large"));
  EXPECT_TRUE(root.manifests().empty());
  EXPECT_TRUE(root.files(".parquet").empty());
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(writer.wait([](const SinkState& s) { return s.kind == SinkState::Kind::kDurable; }).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(read_warehouse(root), 1);
  EXPECT_TRUE(root.files(".tmp").empty());
}

TEST(WarehouseSink, ForgetsWhatIsCancelled) {
  const Root root;
  Writer writer(root);
  writer.sink().begin(order(1, 200'000));
  writer.sink().cancel();
  EXPECT_EQ(writer.sink().state().kind, SinkState::Kind::kIdle);
  EXPECT_EQ(writer.run(order(2, 10)).kind, SinkState::Kind::kDurable);
}

TEST(WarehouseSink, KilledAtAnyMomentItLeavesNothingOrAll) {
  size_t manifests = 0, left_behind = 0;
  for (int round = 0; round < 12; ++round) {
    const Root root;
    const pid_t child = fork();
    if (child == 0) {
      Writer writer(root);
      for (uint64_t plan = 1;; ++plan) writer.run(order(plan, 30'000));
    }
    std::this_thread::sleep_for(milliseconds(60 + 37 * round));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    manifests += read_warehouse(root);
    left_behind += root.files(".tmp").size();
    // Whoever completes the plans is not in the way of what is there.
    Writer writer(root);
    for (uint64_t plan = 1; plan <= 2; ++plan) EXPECT_EQ(writer.run(order(plan, 30'000)).kind, SinkState::Kind::kDurable);
    EXPECT_GE(read_warehouse(root), 2);
  }
  EXPECT_GT(manifests + left_behind, 0) << "no round got as far as a file";
}

TEST(LocalDirectory, SweepsOnlyWhatIsOldAndUnfinished) {
  const Root root;
  fs::create_directories(root.path / "t");
  for (const char* name : {".old.1.tmp", ".young.2.tmp", "old.parquet"}) std::ofstream(root.path / "t" / name) << "x";
  const auto two_days_ago = fs::file_time_type::clock::now() - std::chrono::hours(48);
  for (const char* name : {".old.1.tmp", "old.parquet"}) fs::last_write_time(root.path / "t" / name, two_days_ago);
  EXPECT_EQ(LocalDirectory(root.path.string()).sweep(std::chrono::hours(24), [] { return false; }), 1);
  EXPECT_FALSE(fs::exists(root.path / "t" / ".old.1.tmp"));
  EXPECT_TRUE(fs::exists(root.path / "t" / ".young.2.tmp"));
  EXPECT_TRUE(fs::exists(root.path / "t" / "old.parquet"));
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(WarehouseSink, RowsThatWerePutAsideMakeTheSameBytes) {
  const Root whole, aside, spool;
  auto in_memory = order(1, 5000);
  in_memory.tables.push_back({"clicks", "clicks", "at", {}, clicks(5000, 300)});
  const parquet::WriteSettings small_groups{.row_group_bytes = 20'000};
  EXPECT_EQ(Writer(whole, small_groups).run(std::move(in_memory)).kind, SinkState::Kind::kDurable);

  auto spooled = order(1, 5000);
  auto rows = std::make_shared<RowSpool>(spool.path.string());
  spooled.tables.clear();
  SpooledRows first{rows, {}, 0, {}}, second{rows, {}, 0, {}};
  for (const auto& [from, count] :
       std::vector<std::pair<int64_t, size_t>>{{0, 7}, {7, 1993}, {2000, 2500}}) {  // pieces of whatever size, of two partitions in turns
    first.pieces.push_back(*rows->add(*clicks(from, count)));
    first.rows += count;
  }
  second.pieces.push_back(*rows->add(*clicks(5000, 100))), second.rows = 100;
  first.event_time_ms = {1'700'000'000'000, 1'700'000'004'499}, second.event_time_ms = {1'700'000'005'000, 1'700'000'005'099};
  spooled.tables.push_back({"clicks", "clicks", "at", {}, clicks(4500, 500), first});
  spooled.tables.push_back({"clicks", "clicks", "at", {}, clicks(5100, 200), second});
  EXPECT_EQ(Writer(aside, small_groups).run(std::move(spooled)).kind, SinkState::Kind::kDurable);

  EXPECT_EQ(content(whole.files(".parquet").at(0)), content(aside.files(".parquet").at(0)));
  EXPECT_EQ(content(whole.manifests().at(0)), content(aside.manifests().at(0)));
  EXPECT_TRUE(fs::is_empty(spool.path)) << "what is put aside has no name";
}

TEST(PartitionMarks, TellWhatWasEverWritten) {
  const Root root;
  Storage storage({.directory = root.path.string()});
  const auto range = order(1, 0).ranges.at(0);
  EXPECT_EQ(PartitionMarks::first_of(storage, "demo", range.topic_id, range.partition).value(), std::nullopt);
  auto made = order(1, 10);
  made.ranges[0].offsets.begin = Offset(7);
  EXPECT_EQ(Writer(root).run(std::move(made)).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(Writer(root).run(order(2, 20)).kind, SinkState::Kind::kDurable);
  EXPECT_EQ(PartitionMarks::first_of(storage, "demo", range.topic_id, range.partition).value(), Offset(7));
  EXPECT_EQ(PartitionMarks::first_of(storage, "other", range.topic_id, range.partition).value(), std::nullopt);
  EXPECT_EQ(PartitionMarks::first_of(storage, "demo", range.topic_id, PartitionId(4)).value(), std::nullopt);
}

TEST(Manifest, SaysWhatItIsNot) {
  EXPECT_THAT(parse_manifest("{").error().message, HasSubstr("no manifest"));
  EXPECT_THAT(parse_manifest(R"({"version": 2})").error().message, HasSubstr("version 2"));
}

TEST(Manifest, TimesAreRoundedOutwards) {
  columns::Column micros(columns::nullable(columns::date_time64(6)));
  micros.append_null();
  for (const int64_t ticks : {-1, 1500}) micros.append_not_null(), micros.child(0).append(ticks);
  EXPECT_EQ(time_span(micros), std::pair(int64_t{-1}, int64_t{2}));
  columns::Column none(columns::nullable(columns::date_time64(6)));
  none.append_null();
  EXPECT_EQ(time_span(none), std::nullopt);
}

}  // namespace
}  // namespace millrace::pipeline
