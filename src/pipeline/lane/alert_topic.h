#pragma once
// Whether alerts can be sent: their topic is there, and the schema registry has given their schema an id. A thread of its own asks for both until
// they are known, which then they are for good; any thread reads.
//
// A lane that has alerts plans nothing until then, and leaves a found plan unfinished: what is committed without its alerts could never get
// them. A lane without alerts doesn't notice. Where there are no rules nobody is asked, and nothing is registered.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/ids.h"
#include "base/result.h"
#include "pipeline/decode/schema_cache.h"

namespace millrace::pipeline {

class TopicIds;

class AlertTopic {
 public:
  enum class Ask { kNo, kUntilKnown };

  AlertTopic(std::string name, Ask ask, SchemaCache& schemas, TopicIds& topics);
  ~AlertTopic();

  const std::string& name() const { return name_; }  // empty: this pipeline sends none
  std::optional<SchemaId> schema() const;            // none: alerts can't be sent yet
  std::string obstacle() const;                      // why not; empty: they can

 private:
  void run();
  Result<SchemaId> ask();

  const std::string name_;
  SchemaCache& schemas_;
  TopicIds& topics_;
  std::atomic<int32_t> schema_{-1};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string trouble_ = "it was not asked yet whether their topic is there";
  bool closing_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace millrace::pipeline
