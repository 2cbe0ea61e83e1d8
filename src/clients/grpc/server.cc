#include "clients/grpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include <mutex>

namespace millrace::rpc {

struct Server::Impl {
  std::unique_ptr<::grpc::Server> server;
  int port = 0;
};

Result<Server> Server::start(const std::string& listen, const std::vector<Served>& services) {
  static std::once_flag plugins;
  std::call_once(plugins, [] {
    ::grpc::EnableDefaultHealthCheckService(true);
    ::grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
  auto impl = std::make_unique<Impl>();
  ::grpc::ServerBuilder builder;
  builder.AddListeningPort(listen, ::grpc::InsecureServerCredentials(), &impl->port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two servers on one port would share its calls
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.SetMaxReceiveMessageSize(64 << 20);
  for (const auto& served : services) builder.RegisterService(served.service);
  impl->server = builder.BuildAndStart();
  if (!impl->server || impl->port == 0) return permanent(listen + " can't be listened on: is it HOST:PORT of this machine, and free?");
  auto* const health = impl->server->GetHealthCheckService();
  health->SetServingStatus(true);
  for (const auto& served : services) health->SetServingStatus(served.name, true);
  return Server(std::move(impl));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() {
  if (impl_) stop(std::chrono::milliseconds(0));
}

int Server::port() const { return impl_->port; }
void Server::set_serving(bool serving) { impl_->server->GetHealthCheckService()->SetServingStatus(serving); }

void Server::stop(std::chrono::milliseconds grace) {
  if (!impl_->server) return;
  impl_->server->GetHealthCheckService()->Shutdown();
  impl_->server->Shutdown(std::chrono::system_clock::now() + grace);
  impl_->server->Wait();
  impl_->server.reset();
}

}  // namespace millrace::rpc
