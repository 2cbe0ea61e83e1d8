#pragma once
// Private to this room: what both admin clients ask their questions with. One question at a time.

#include "clients/kafka/handle.h"

namespace millrace::kafka {

using OptionsPtr = std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>>;

struct AdminQuestions {
  HandlePtr rk;
  QueuePtr queue;

  static Result<AdminQuestions> create(const KafkaProperties& properties) {
    auto conf = make_conf(properties, {});
    if (!conf) return std::unexpected(conf.error());
    auto rk = make_handle(RD_KAFKA_PRODUCER, std::move(*conf));
    if (!rk) return std::unexpected(rk.error());
    QueuePtr queue(rd_kafka_queue_new(rk->get()));
    return AdminQuestions{std::move(*rk), std::move(queue)};
  }

  OptionsPtr options(rd_kafka_admin_op_t op, milliseconds timeout) {
    OptionsPtr o(rd_kafka_AdminOptions_new(rk.get(), op));
    char text[256];
    rd_kafka_AdminOptions_set_request_timeout(o.get(), static_cast<int>(timeout.count()), text, sizeof text);
    return o;
  }
  // Waits for the one event that was asked for.
  Result<EventPtr> answer(milliseconds timeout, const std::string& what) {
    EventPtr event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count()) + 2000));
    if (!event) {
      queue.reset(rd_kafka_queue_new(rk.get()));  // a late answer must not be taken for that of the next question
      return fail(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
    }
    if (auto code = rd_kafka_event_error(event.get())) return fail(code, what, rd_kafka_event_error_string(event.get()));
    return event;
  }
};

}  // namespace millrace::kafka
