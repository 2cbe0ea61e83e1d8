#include "clients/kafka/consumer.h"

#include <gmock/gmock.h>

namespace millrace::kafka {
namespace {

TEST(KafkaProperties, UnknownOnesAndTheOneThatIsNobodysToChangeAreRefusedByName) {
  ConsumerSettings settings;
  settings.group = "g";
  for (const char* name : {"no.such.property", "fetch.record.batches"}) {
    settings.kafka.overrides = {{name, "false"}};
    const auto made = Consumer::create(settings);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().retry, Retry::kPermanent);
    EXPECT_THAT(made.error().message, testing::HasSubstr(name));
  }
}

}  // namespace
}  // namespace millrace::kafka
