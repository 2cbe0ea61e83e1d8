#pragma once
// A client's connection to a gRPC server.

#include <chrono>
#include <memory>
#include <string>

namespace grpc {
class ChannelInterface;
class ClientContext;
}  // namespace grpc

namespace millrace::rpc {

// To HOST:PORT, in plain text; connects when it is first used, and again by itself (0.1 to 2 s apart). No call is ever repeated by the channel.
// A broken network is noticed within about 20 s. Thread-safe.
std::shared_ptr<::grpc::ChannelInterface> connect(const std::string& address);

// The call fails after `deadline`; at once, not then, when the server can't be reached.
void set_deadline(::grpc::ClientContext& context, std::chrono::milliseconds deadline);

}  // namespace millrace::rpc
