#pragma once
// The acts' answers, for people and (json) for scripts. Pure.

#include <string>

#include "tools/operate/offset_acts.h"
#include "tools/operate/plan_acts.h"

namespace millrace::operate {

std::string text(const PlansShown& shown);
std::string text(const RetriedPlan& retried);
std::string text(const PlanStopped& stopped);
std::string text(const AbandonedPlan& abandoned, const std::string& dead_letters);
std::string text(const OffsetsShown& shown);
std::string text(const AcceptedOffset& accepted);

std::string json(const PlansShown& shown);
std::string json(const RetriedPlan& retried);
std::string json(const PlanStopped& stopped);
std::string json(const AbandonedPlan& abandoned);
std::string json(const OffsetsShown& shown);
std::string json(const AcceptedOffset& accepted);

}  // namespace millrace::operate
