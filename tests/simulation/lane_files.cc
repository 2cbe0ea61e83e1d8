// The warehouse: a plan's files, each under the name that the plan gives it unless somebody's stands there, and the manifest when all of them are
// there for good. Whatever fails is tried again.
#include "pipeline/sinks/warehouse/names.h"
#include "simulation/world.h"

namespace millrace::simulation {

void Lane::advance(const FilesPtr& write) {
  if (write->dropped || write->durable) return;
  const auto& rules = world_.env.guards.warehouse;
  if (!write->looked) return look_for_manifest(write);
  const bool manifest_now = rules.manifest_last ? write->written == write->files.size() : write->written == 0;
  if (!rules.manifest_awaited && manifest_now) {
    write->durable = true;
    written();
  }
  if (manifest_now)
    write_manifest(write);
  else
    write_file(write);
}

void Lane::files_failed(const FilesPtr& write) {
  if (write->dropped) return;
  write->looked = false;  // the next attempt begins with the manifest; what is written isn't written again
  later(world_.env.random.between(50, 100 << std::min(write->failures++, 6)), [=, this] { advance(write); });
}

void Lane::manifest_is_there(const FilesPtr& write, const DiskFile& there) {
  const std::string how = difference(write->manifest, *there.manifest);
  if (how.empty() || !world_.env.guards.warehouse.content_compared) {
    write->durable = true;
    return written();
  }
  refused("the warehouse", "its manifest differs in " + how, there.foreign ? Checker::Cause::kPasses : Checker::Cause::kNone);
}

void Lane::look_for_manifest(const FilesPtr& write) {
  later(world_.env.random.between(0, 3), [=, this] {
    if (write->dropped) return;
    const std::string name = pipeline::manifest_name(write->made->plan->id);
    if (world_.env.chance(world_.env.schedule.file_fails)) return files_failed(write);
    if (world_.disk.find(name) != nullptr) {
      return world_.disk.sync(name, [=, this](Published published) {
        later(0, [=, this] {
          if (write->dropped) return;
          const DiskFile* now = world_.disk.find(name);
          if (published == Published::kFailed || now == nullptr) return files_failed(write);
          manifest_is_there(write, *now);
        });
      });
    }
    write->looked = true;
    advance(write);
  });
}

// A write that was cancelled meanwhile still gets its name, if it had come so far.
void Lane::write_file(const FilesPtr& write) {
  const auto& s = world_.env.schedule;
  const int64_t writing = world_.env.chance(s.file_slow) ? world_.env.random.between(500, 15'000) : world_.env.random.between(1, 40);
  const auto [name, rows] = write->files[write->written];
  later(writing, [=, this] {
    if (write->dropped && world_.env.random.chance(0.5)) return;
    if (world_.disk.full() || world_.env.chance(s.file_fails)) return files_failed(write);
    world_.disk.publish(name, {rows, std::nullopt, write->made}, [=, this](Published published) {
      later(0, [=, this] {
        if (write->dropped) return;
        if (published == Published::kFailed) return files_failed(write);
        const DiskFile* there = world_.disk.find(name);
        if (there == nullptr) return files_failed(write);
        if (there->rows->records != rows->records && world_.env.guards.warehouse.content_compared)
          return refused("the warehouse", name + " has other rows than this plan's", there->foreign ? Checker::Cause::kPasses : Checker::Cause::kNone);
        ++write->written;
        advance(write);
      });
    });
  });
}

void Lane::write_manifest(const FilesPtr& write) {
  const std::string name = pipeline::manifest_name(write->made->plan->id);
  later(world_.env.random.between(1, 5), [=, this] {
    if (write->dropped && world_.env.random.chance(0.5)) return;
    if (world_.disk.full() || world_.env.chance(world_.env.schedule.file_fails)) return files_failed(write);
    world_.disk.publish(name, {nullptr, write->manifest, write->made}, [=, this](Published published) {
      later(0, [=, this] {
        if (write->dropped || write->durable) return;
        const DiskFile* there = world_.disk.find(name);
        if (published == Published::kFailed || there == nullptr) return files_failed(write);
        manifest_is_there(write, *there);
      });
    });
  });
}

}  // namespace millrace::simulation
