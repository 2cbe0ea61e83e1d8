#include "services/registry/service.h"

namespace millrace::registry {
namespace {

constexpr size_t kBodyMax = 4u << 20;  // Kafka takes records of 1 MiB unless told otherwise

topic_store::StoreSettings store_settings(const ServiceSettings& settings) {
  topic_store::StoreSettings out;
  out.kafka.brokers = settings.brokers;
  out.kafka.client_id = "millrace-registry";
  out.topic = settings.topic;
  out.read_only = settings.read_only;
  return out;
}

http_server::Options http_options(const ServiceSettings& settings) {
  http_server::Options out;
  out.port = settings.port;
  out.threads = 4 * Api::kWritesMax;
  out.read_timeout_s = out.write_timeout_s = 10;
  return out;
}

}  // namespace

Service::Service(ServiceSettings settings, metrics::Registry& metrics)
    : metrics_(metrics), store_(store_settings(settings)), api_(store_, settings.read_only), server_(http_options(settings)) {
  // The whole of the path is matched by the API: here it is decoded already, and a slash in a subject couldn't be told from one between.
  for (const char* method : {"GET", "POST", "PUT", "DELETE"})
    server_.route(method, R"([\s\S]*)", [this](http_server::Request& request, http_server::Response& response) { serve(request, response); });
}

Status Service::listen() { return server_.start(); }

void Service::stop() {
  store_.stop();  // first, so that writes under way end
  server_.stop();
}

void Service::serve(http_server::Request& request, http_server::Response& response) {
  const auto begin = std::chrono::steady_clock::now();
  Api::Served served{answer_of(bad_request("the body was cut short, or is larger than 4 MiB")), "other"};
  if (request.method == "GET" || request.method == "HEAD") {
    served = api_.serve({"GET", request.target, request.query, ""});
  } else if (auto body = request.body(kBodyMax); body) {
    served = api_.serve({request.method, request.target, request.query, std::move(*body)});
  }
  response.status = served.answer.status;
  response.content_type = kContentType;
  response.body = std::move(served.answer.body);
  metrics_.counter("millrace_http_requests_total", {{"route", served.route}, {"status", std::to_string(served.answer.status)}}).add();
  metrics_.histogram("millrace_http_request_seconds", {{"route", served.route}})
      .observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

}  // namespace millrace::registry
