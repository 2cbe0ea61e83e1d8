#include "clients/http_server/server.h"

#include <httplib.h>

#include <thread>

#include "base/log.h"

namespace millrace::http_server {
namespace {
const httplib::Request& raw(const void* p) { return *static_cast<const httplib::Request*>(p); }
}  // namespace

std::optional<std::string> Request::parameter(const std::string& name) const {
  auto it = query.find(name);
  if (it == query.end()) return std::nullopt;
  return it->second;
}

std::optional<std::string> Request::header(const std::string& name) const {
  if (!raw(raw_).has_header(name.c_str())) return std::nullopt;
  return raw(raw_).get_header_value(name.c_str());
}

Status Request::stream_body(const std::function<bool(std::string_view)>& sink) {
  const auto& r = raw(raw_);
  // Neither length nor chunks: no body (httplib would read until the peer closes).
  if (!reader_ || (!r.has_header("Content-Length") && !r.has_header("Transfer-Encoding"))) {
    if (!r.body.empty()) sink(r.body);
    return {};
  }
  const auto& reader = *static_cast<const httplib::ContentReader*>(reader_);
  reader_ = nullptr;
  bool stopped = false;
  bool whole = reader([&](const char* data, size_t size) {
    if (sink({data, size})) return true;
    stopped = true;
    return false;
  });
  if (stopped) return permanent("the body was not taken to its end", 400);
  if (!whole) return permanent("the body was cut short", 400);
  return {};
}

Result<std::string> Request::body(size_t bytes_max) {
  std::string out;
  bool too_large = false;
  auto status = stream_body([&](std::string_view bytes) {
    too_large = out.size() + bytes.size() > bytes_max;
    if (!too_large) out += bytes;
    return !too_large;
  });
  if (too_large) return permanent("the body is larger than " + std::to_string(bytes_max) + " bytes", 413);
  if (!status) return std::unexpected(status.error());
  return out;
}

struct Server::Impl {
  Options options;
  httplib::Server server;
  std::thread thread;
  uint16_t port = 0;
};

Server::Server(Options options) : impl_(std::make_unique<Impl>()) {
  impl_->options = options;
  auto& s = impl_->server;
  s.new_task_queue = [n = options.threads] { return new httplib::ThreadPool(n); };
  s.set_payload_max_length(options.body_bytes_max);
  s.set_read_timeout(options.read_timeout_s);
  s.set_write_timeout(options.write_timeout_s);
  s.set_keep_alive_timeout(options.keep_alive_s);
  s.set_keep_alive_max_count(1'000'000);
  s.set_tcp_nodelay(true);
  // httplib's own choice, SO_REUSEPORT, would let two servers share a port without a word.
  s.set_socket_options([](socket_t socket) {
    int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  s.set_exception_handler([](const httplib::Request& request, httplib::Response& response, std::exception_ptr e) {
    std::string what = "unknown exception";
    try {
      std::rethrow_exception(e);
    } catch (const std::exception& x) {
      what = x.what();
    } catch (...) {
    }
    log::error("{} {}: {}", request.method, request.path, what);
    response.status = 500;
    response.set_content(what, "text/plain; charset=utf-8");
  });
}

Server::~Server() { stop(); }

void Server::route(const std::string& method, const std::string& pattern, Handler handler) {
  auto serve = [handler](const httplib::Request& in, httplib::Response& out, const httplib::ContentReader* reader) {
    Request request;
    request.method = in.method;
    request.path = in.path;
    request.target = in.target;
    for (const auto& m : in.matches) request.matches.push_back(m.str());
    request.query.insert(in.params.begin(), in.params.end());
    request.remote = in.remote_addr;
    request.raw_ = &in;
    request.reader_ = reader;
    Response response;
    handler(request, response);
    // What is left of the body would be taken for the next request on this connection.
    if (request.reader_ && !request.stream_body([](std::string_view) { return true; })) out.set_header("Connection", "close");
    out.status = response.status;
    for (const auto& [name, value] : response.headers) out.set_header(name, value);
    if (!response.stream) {
      out.set_content(std::move(response.body), response.content_type);
      return;
    }
    out.set_chunked_content_provider(response.content_type, [stream = std::move(response.stream)](size_t, httplib::DataSink& sink) {
      bool complete = stream([&](std::string_view bytes) { return bytes.empty() || (sink.is_writable() && sink.write(bytes.data(), bytes.size())); });
      if (complete) sink.done();
      return complete;
    });
  };
  auto plain = [serve](const httplib::Request& in, httplib::Response& out) { serve(in, out, nullptr); };
  auto with_body = [serve](const httplib::Request& in, httplib::Response& out, const httplib::ContentReader& reader) { serve(in, out, &reader); };
  auto& s = impl_->server;
  if (method == "GET") {
    s.Get(pattern, plain);
  } else if (method == "POST") {
    s.Post(pattern, with_body);
  } else if (method == "PUT") {
    s.Put(pattern, with_body);
  } else if (method == "PATCH") {
    s.Patch(pattern, with_body);
  } else if (method == "DELETE") {
    s.Delete(pattern, with_body);
    s.Delete(pattern, plain);  // taken when there is no body
  } else if (method == "OPTIONS") {
    s.Options(pattern, plain);
  } else {
    MILLRACE_CHECK(false, "no such method to route: " + method);
  }
}

Status Server::start() {
  auto& o = impl_->options;
  int port = o.port;
  if (port == 0)
    port = impl_->server.bind_to_any_port(o.host);
  else if (!impl_->server.bind_to_port(o.host, port))
    port = -1;
  if (port <= 0) return permanent("can't listen on " + o.host + ":" + std::to_string(o.port) + ": the port is taken or the address isn't ours");
  impl_->port = static_cast<uint16_t>(port);
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  while (!impl_->server.is_running()) std::this_thread::yield();  // stop() before that would be forgotten
  return {};
}

void Server::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->server.stop();
  impl_->thread.join();
}

uint16_t Server::port() const { return impl_->port; }
std::string Server::address() const { return impl_->options.host + ":" + std::to_string(impl_->port); }

}  // namespace millrace::http_server
