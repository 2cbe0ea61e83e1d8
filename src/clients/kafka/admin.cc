#include "clients/kafka/admin.h"

#include "clients/kafka/admin_questions.h"

namespace millrace::kafka {

struct Admin::Impl : AdminQuestions {
  Result<std::map<std::string, std::string>> configs(rd_kafka_ResourceType_t type, const std::string& name, milliseconds timeout) {
    auto* resource = rd_kafka_ConfigResource_new(type, name.c_str());
    rd_kafka_DescribeConfigs(rk.get(), &resource, 1, options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout).get(), queue.get());
    rd_kafka_ConfigResource_destroy(resource);
    std::string what = "configuration of " + name;
    auto event = answer(timeout, what);
    if (!event) return std::unexpected(event.error());
    size_t count = 0;
    auto* found = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event->get()), &count);
    if (count != 1) return permanent(what + ": no answer for it");
    if (auto code = rd_kafka_ConfigResource_error(found[0])) return fail(code, what, rd_kafka_ConfigResource_error_string(found[0]));
    std::map<std::string, std::string> out;
    size_t entries = 0;
    auto* list = rd_kafka_ConfigResource_configs(found[0], &entries);
    for (size_t i = 0; i < entries; ++i) {
      const char* value = rd_kafka_ConfigEntry_value(list[i]);
      out.emplace(rd_kafka_ConfigEntry_name(list[i]), value ? value : "");
    }
    return out;
  }
};

Admin::Admin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Admin::Admin(Admin&&) noexcept = default;
Admin& Admin::operator=(Admin&&) noexcept = default;
Admin::~Admin() = default;

Result<Admin> Admin::create(const KafkaProperties& properties) {
  auto questions = AdminQuestions::create(properties);
  if (!questions) return std::unexpected(questions.error());
  return Admin(std::make_unique<Impl>(std::move(*questions)));
}

Result<Created> Admin::create_topic(const NewTopic& t, milliseconds timeout) {
  char text[512];
  auto* topic = rd_kafka_NewTopic_new(t.name.c_str(), t.partitions, t.replication, text, sizeof text);
  if (!topic) return permanent("topic " + t.name + ": " + text);
  for (const auto& [name, value] : t.configs) rd_kafka_NewTopic_set_config(topic, name.c_str(), value.c_str());
  auto options = impl_->options(RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), static_cast<int>(timeout.count()), text, sizeof text);
  rd_kafka_CreateTopics(impl_->rk.get(), &topic, 1, options.get(), impl_->queue.get());
  rd_kafka_NewTopic_destroy(topic);
  auto event = impl_->answer(timeout, "creating topic " + t.name);
  if (!event) return std::unexpected(event.error());
  size_t count = 0;
  auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  auto code = count ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
  if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return Created::kExisted;
  if (code) return fail(code, "creating topic " + t.name, rd_kafka_topic_result_error_string(results[0]));
  return Created::kNew;
}

Status Admin::delete_topic(const std::string& name, milliseconds timeout) {
  auto* topic = rd_kafka_DeleteTopic_new(name.c_str());
  char text[256];
  auto options = impl_->options(RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), static_cast<int>(timeout.count()), text, sizeof text);
  rd_kafka_DeleteTopics(impl_->rk.get(), &topic, 1, options.get(), impl_->queue.get());
  rd_kafka_DeleteTopic_destroy(topic);
  auto event = impl_->answer(timeout, "deleting topic " + name);
  if (!event) return std::unexpected(event.error());
  size_t count = 0;
  auto* results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event->get()), &count);
  return status_of(count ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL, "deleting topic " + name);
}

Result<std::vector<std::string>> Admin::list_topics(milliseconds timeout) {
  const rd_kafka_metadata_t* raw = nullptr;
  auto code = rd_kafka_metadata(impl_->rk.get(), 1, nullptr, &raw, static_cast<int>(timeout.count()));
  if (code) return fail(code, "listing topics");
  std::vector<std::string> out;
  for (int i = 0; i < raw->topic_cnt; ++i) out.emplace_back(raw->topics[i].topic);
  rd_kafka_metadata_destroy(raw);
  return out;
}

Result<std::vector<Result<TopicDescription>>> Admin::describe(const std::vector<std::string>& names, milliseconds timeout) {
  std::vector<const char*> raw_names;
  for (const auto& n : names) raw_names.push_back(n.c_str());
  std::unique_ptr<rd_kafka_TopicCollection_t, Deleter<rd_kafka_TopicCollection_destroy>> collection(
      rd_kafka_TopicCollection_of_topic_names(raw_names.data(), raw_names.size()));
  rd_kafka_DescribeTopics(impl_->rk.get(), collection.get(), impl_->options(RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, timeout).get(), impl_->queue.get());
  auto event = impl_->answer(timeout, "describing topics");
  if (!event) return std::unexpected(event.error());
  size_t count = 0;
  auto* found = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event->get()), &count);
  std::map<std::string, Result<TopicDescription>> by_name;
  for (size_t i = 0; i < count; ++i) {
    std::string topic = rd_kafka_TopicDescription_name(found[i]);
    if (auto* error = rd_kafka_TopicDescription_error(found[i]); error && rd_kafka_error_code(error)) {
      by_name.emplace(topic, fail(rd_kafka_error_code(error), "topic " + topic));
      continue;
    }
    TopicDescription d;
    d.name = topic;
    auto* id = rd_kafka_TopicDescription_topic_id(found[i]);
    d.id = TopicId(Uuid{static_cast<uint64_t>(rd_kafka_Uuid_most_significant_bits(id)), static_cast<uint64_t>(rd_kafka_Uuid_least_significant_bits(id))});
    size_t partitions = 0;
    auto* list = rd_kafka_TopicDescription_partitions(found[i], &partitions);
    for (size_t k = 0; k < partitions; ++k) {
      d.partitions.push_back(PartitionId(rd_kafka_TopicPartitionInfo_partition(list[k])));
      size_t replicas = 0;
      rd_kafka_TopicPartitionInfo_replicas(list[k], &replicas);
      d.replicas_min = k == 0 ? static_cast<int>(replicas) : std::min(d.replicas_min, static_cast<int>(replicas));
    }
    by_name.emplace(topic, std::move(d));
  }
  std::vector<Result<TopicDescription>> out;
  for (const auto& n : names) {
    auto it = by_name.find(n);
    out.push_back(it != by_name.end() ? it->second : fail(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "topic " + n));
  }
  return out;
}

Result<std::map<std::string, std::string>> Admin::topic_configs(const std::string& name, milliseconds timeout) {
  return impl_->configs(RD_KAFKA_RESOURCE_TOPIC, name, timeout);
}

Result<std::map<std::string, std::string>> Admin::broker_configs(milliseconds timeout) {
  const rd_kafka_metadata_t* raw = nullptr;
  auto code = rd_kafka_metadata(impl_->rk.get(), 0, nullptr, &raw, static_cast<int>(timeout.count()));
  if (code) return fail(code, "finding a broker");
  std::string id = raw->broker_cnt > 0 ? std::to_string(raw->brokers[0].id) : "";
  rd_kafka_metadata_destroy(raw);
  if (id.empty()) return transient("finding a broker: the cluster names none");
  return impl_->configs(RD_KAFKA_RESOURCE_BROKER, id, timeout);
}

Status Admin::delete_records(const TopicPartition& partition, Offset before, milliseconds timeout) {
  std::vector<std::pair<TopicPartition, Offset>> one{{partition, before.value < 0 ? Offset(RD_KAFKA_OFFSET_END) : before}};
  auto* request = rd_kafka_DeleteRecords_new(make_list(one).get());
  rd_kafka_DeleteRecords(impl_->rk.get(), &request, 1, impl_->options(RD_KAFKA_ADMIN_OP_DELETERECORDS, timeout).get(), impl_->queue.get());
  rd_kafka_DeleteRecords_destroy(request);
  std::string what = "deleting records of " + to_string(partition);
  auto event = impl_->answer(timeout, what);
  if (!event) return std::unexpected(event.error());
  auto* list = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  return status_of(list && list->cnt == 1 ? list->elems[0].err : RD_KAFKA_RESP_ERR__FAIL, what);
}

Status Admin::delete_group(const std::string& group, milliseconds timeout) {
  auto* request = rd_kafka_DeleteGroup_new(group.c_str());
  rd_kafka_DeleteGroups(impl_->rk.get(), &request, 1, impl_->options(RD_KAFKA_ADMIN_OP_DELETEGROUPS, timeout).get(), impl_->queue.get());
  rd_kafka_DeleteGroup_destroy(request);
  auto event = impl_->answer(timeout, "deleting group " + group);
  if (!event) return std::unexpected(event.error());
  size_t count = 0;
  auto* results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event->get()), &count);
  if (count != 1) return permanent("deleting group " + group + ": no answer for it");
  auto* error = rd_kafka_group_result_error(results[0]);
  return status_of(error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR, "deleting group " + group);
}

}  // namespace millrace::kafka
