#include "clients/grpc/channel.h"

#include <grpcpp/grpcpp.h>

namespace millrace::rpc {

std::shared_ptr<::grpc::ChannelInterface> connect(const std::string& address) {
  ::grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);  // of an attempt the deadline, in spite of its name: a busy server is slow to greet
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 15'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // one channel's waiting doesn't hold back another's
  return ::grpc::CreateCustomChannel(address, ::grpc::InsecureChannelCredentials(), arguments);
}

void set_deadline(::grpc::ClientContext& context, std::chrono::milliseconds deadline) { context.set_deadline(std::chrono::system_clock::now() + deadline); }

}  // namespace millrace::rpc
