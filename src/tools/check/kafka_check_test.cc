#include "tools/check/kafka_check.h"

#include <gmock/gmock.h>

namespace millrace::check {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const Configs kGoodBroker{{"offset.metadata.max.bytes", "4096"},       {"offsets.retention.minutes", "43200"},   {"group.min.session.timeout.ms", "6000"},
                          {"group.max.session.timeout.ms", "1800000"}, {"transaction.max.timeout.ms", "900000"}, {"unclean.leader.election.enable", "false"}};

TEST(KafkaCheck, FindsNothingInABrokerThatMeetsTheDemands) { EXPECT_THAT(judge_broker(kGoodBroker, {}), IsEmpty()); }

TEST(KafkaCheck, NamesEachBrokerSettingThatBreaksTheProtocol) {
  for (auto [name, value] : Configs{{"offset.metadata.max.bytes", "4095"},
                                    {"offsets.retention.minutes", "1440"},
                                    {"group.min.session.timeout.ms", "10001"},
                                    {"group.max.session.timeout.ms", "9999"},
                                    {"transaction.max.timeout.ms", "9999"},
                                    {"unclean.leader.election.enable", "true"}}) {
    Configs c = kGoodBroker;
    c[name] = value;
    auto found = judge_broker(c, {});
    ASSERT_EQ(found.size(), 1u) << name;
    EXPECT_THAT(found[0].text, HasSubstr(name + "=" + value));
    EXPECT_EQ(found[0].severity, Severity::kError);
  }
}

TEST(KafkaCheck, RefusesACompactedSourceInAnyForm) {
  EXPECT_EQ(judge_source("t", {{"cleanup.policy", "compact"}}).at(0).severity, Severity::kError);
  EXPECT_EQ(judge_source("t", {{"cleanup.policy", "delete,compact"}}).at(0).severity, Severity::kError);
  EXPECT_THAT(judge_source("t", {{"cleanup.policy", "delete"}, {"retention.ms", "604800000"}, {"retention.bytes", "-1"}}), IsEmpty());
  EXPECT_EQ(judge_source("t", {{"retention.ms", "3600000"}}).at(0).severity, Severity::kWarning);
}

TEST(KafkaCheck, DemandsThreeReplicasInProductionAndSaysSoElsewhere) {
  EXPECT_THAT(judge_replication("t", 3, {{"min.insync.replicas", "2"}}, {}), IsEmpty());
  EXPECT_EQ(judge_replication("t", 1, {{"min.insync.replicas", "2"}}, {}).at(0).severity, Severity::kError);
  EXPECT_EQ(judge_replication("t", 3, {{"min.insync.replicas", "1"}}, {}).at(0).severity, Severity::kError);
  KafkaDemands laptop;
  laptop.production = false;
  EXPECT_EQ(judge_replication("t", 1, {}, laptop).at(0).severity, Severity::kWarning);
}

TEST(KafkaCheck, AnAlertMustFitItsTopicAndStayThere) {
  EXPECT_THAT(judge_alerts("t", {{"max.message.bytes", "1048588"}, {"cleanup.policy", "delete"}}), IsEmpty());
  EXPECT_THAT(judge_alerts("t", {{"max.message.bytes", "12287"}}).at(0).text, HasSubstr("max.message.bytes=12287"));
  EXPECT_EQ(judge_alerts("t", {{"cleanup.policy", "compact"}}).at(0).severity, Severity::kError);
}

}  // namespace
}  // namespace millrace::check
