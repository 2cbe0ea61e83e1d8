#pragma once
// What must be there before the first event: topics and registered schemas.

#include <atomic>
#include <string>
#include <vector>

#include "base/ids.h"
#include "clients/kafka/types.h"
#include "tools/loadgen/topic_contract.h"

namespace millrace::loadgen {

// Makes those that are missing; leaves those that exist as they are. Tries again for `patience`, as broker and registry may
// just be starting; `stop` ends the waiting.
Status create_topics(const kafka::KafkaProperties& properties, const std::vector<TopicContract>& topics, std::chrono::seconds patience,
                     const std::atomic<bool>& stop);
// Registers the topic's schema under <topic>-value; registering a known one gives its id again.
Result<SchemaId> register_schema(const std::string& registry_url, const TopicContract& topic, std::chrono::seconds patience, const std::atomic<bool>& stop);

}  // namespace millrace::loadgen
