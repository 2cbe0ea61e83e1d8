#pragma once
// Makes sure that nobody goes on committing for partitions from what he holds in memory, so that what stands committed is all there is.

#include <vector>

#include "base/result.h"
#include "clients/kafka/group_admin.h"
#include "tools/operate/settings.h"

namespace millrace::operate {

// A commit carries the lane's membership and its transactional id. A former owner's is refused for the membership; the present owner's
// producer is fenced here, by initialising one under its transactional id: its open transaction is settled, and its next commit fails,
// upon which the lane forgets what it holds and reads the committed offsets again (LaneProtocol::committed, kUnknown).
//
// So whoever looks at the partitions before and after, and finds the same commit, one that makes every reader stand still, knows that
// nobody commits there but another operator; and those are serialised by their own transactional id.
//
// Waits while the group rebalances: then a partition may still be held by one that isn't listed. Where a partition stays without an
// owner (no worker subscribes to its topic), every member is fenced. An error: the group is not one of lanes, or finds no rest.
Status fence_owners(const Settings& settings, kafka::GroupAdmin& groups, const std::vector<TopicPartition>& partitions);

// The transactional id of a lane, by its instance id (pipeline/lane/lane.cc gives both).
std::string transactional_id_of_lane(const std::string& instance_id);

}  // namespace millrace::operate
