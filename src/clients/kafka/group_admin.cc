#include "clients/kafka/group_admin.h"

#include <algorithm>

#include "clients/kafka/admin_questions.h"

namespace millrace::kafka {
namespace {

std::string text_of(const char* text) { return text ? text : ""; }

GroupMember member_of(const rd_kafka_MemberDescription_t* raw) {
  GroupMember member;
  member.member_id = text_of(rd_kafka_MemberDescription_consumer_id(raw));
  member.client_id = text_of(rd_kafka_MemberDescription_client_id(raw));
  member.host = text_of(rd_kafka_MemberDescription_host(raw));
  member.instance_id = text_of(rd_kafka_MemberDescription_group_instance_id(raw));
  if (const auto* assignment = rd_kafka_MemberDescription_assignment(raw)) member.partitions = partitions_of(rd_kafka_MemberAssignment_partitions(assignment));
  return member;
}

}  // namespace

struct GroupAdmin::Impl : AdminQuestions {};

GroupAdmin::GroupAdmin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GroupAdmin::GroupAdmin(GroupAdmin&&) noexcept = default;
GroupAdmin& GroupAdmin::operator=(GroupAdmin&&) noexcept = default;
GroupAdmin::~GroupAdmin() = default;

Result<GroupAdmin> GroupAdmin::create(const KafkaProperties& properties) {
  auto questions = AdminQuestions::create(properties);
  if (!questions) return std::unexpected(questions.error());
  return GroupAdmin(std::make_unique<Impl>(std::move(*questions)));
}

Result<GroupDescription> GroupAdmin::describe(const std::string& group, milliseconds timeout) {
  const std::string what = "describing group " + group;
  const char* name = group.c_str();
  rd_kafka_DescribeConsumerGroups(impl_->rk.get(), &name, 1, impl_->options(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout).get(), impl_->queue.get());
  auto event = impl_->answer(timeout, what);
  if (!event) return std::unexpected(event.error());
  size_t count = 0;
  auto** found = rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
  if (count != 1) return permanent(what + ": no answer for it");
  GroupDescription description;
  if (auto* error = rd_kafka_ConsumerGroupDescription_error(found[0]); error && rd_kafka_error_code(error)) {
    if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) return fail(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
    description.state = GroupDescription::State::kNoMembers;
    return description;
  }
  switch (rd_kafka_ConsumerGroupDescription_state(found[0])) {
    case RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY:
    case RD_KAFKA_CONSUMER_GROUP_STATE_DEAD: description.state = GroupDescription::State::kNoMembers; break;
    case RD_KAFKA_CONSUMER_GROUP_STATE_STABLE: description.state = GroupDescription::State::kStable; break;
    default: description.state = GroupDescription::State::kRebalancing; break;
  }
  const size_t members = rd_kafka_ConsumerGroupDescription_member_count(found[0]);
  for (size_t i = 0; i < members; ++i) description.members.push_back(member_of(rd_kafka_ConsumerGroupDescription_member(found[0], i)));
  return description;
}

Result<std::vector<TopicPartition>> GroupAdmin::partitions(const std::string& group, milliseconds timeout) {
  const std::string what = "listing the offsets of group " + group;
  auto* request = rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr);
  rd_kafka_ListConsumerGroupOffsets(impl_->rk.get(), &request, 1, impl_->options(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeout).get(),
                                    impl_->queue.get());
  rd_kafka_ListConsumerGroupOffsets_destroy(request);
  auto event = impl_->answer(timeout, what);
  if (!event) return std::unexpected(event.error());
  size_t count = 0;
  auto** results = rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
  if (count != 1) return permanent(what + ": no answer for it");
  if (auto* error = rd_kafka_group_result_error(results[0])) return fail(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
  auto all = partitions_of(rd_kafka_group_result_partitions(results[0]));
  std::ranges::sort(all);
  return all;
}

}  // namespace millrace::kafka
