#include "services/catalog/service.h"

#include "base/log.h"
#include "services/catalog/table_upload.h"

namespace millrace::catalog {
namespace {

using namespace std::chrono_literals;

topic_store::StoreSettings store_settings(const ServiceSettings& settings) {
  topic_store::StoreSettings out;
  out.kafka.brokers = settings.brokers;
  out.kafka.client_id = "millrace-catalog";
  out.topic = settings.topic;
  out.write_timeout = 10s;  // for 4 MB of a table's chunks
  return out;
}

http_server::Options http_options(const ServiceSettings& settings) {
  http_server::Options out;
  out.host = settings.host;
  out.port = settings.port;
  out.threads = 4 * Api::kWritesMax;
  out.read_timeout_s = out.write_timeout_s = 30;
  return out;
}

}  // namespace

Service::Service(ServiceSettings settings, metrics::Registry& metrics)
    : settings_(std::move(settings)),
      metrics_(metrics),
      store_(store_settings(settings_)),
      schemas_(settings_.registry),
      api_(store_, schemas_, settings_.clickhouse ? &columns_.emplace(*settings_.clickhouse, settings_.database) : nullptr),
      server_(http_options(settings_)) {
  // The whole of the path is matched by the API: here it is decoded already, and a slash in a tenant couldn't be told from one between.
  for (const char* method : {"GET", "POST", "PUT", "DELETE"})
    server_.route(method, R"([\s\S]*)", [this](http_server::Request& request, http_server::Response& response) { serve(request, response); });
}

Status Service::listen() {
  tidying_ = std::thread([this] { tidy(); });
  return server_.start();
}

void Service::stop() {
  store_.stop();  // first, so that writes under way end
  server_.stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (tidying_.joinable()) tidying_.join();
}

std::optional<std::string> Service::trouble() const {
  return store_.read([](const catalog_topic::CatalogState& state) -> std::optional<std::string> {
    const auto contents = state.current();
    if (!contents) return contents.error();
    return std::nullopt;
  });
}

void Service::serve(http_server::Request& request, http_server::Response& response) {
  const auto begin = std::chrono::steady_clock::now();
  Call call{request.method == "HEAD" ? "GET" : request.method, request.target, request.query};
  call.content_type = request.header("Content-Type").value_or("");
  call.accept = request.header("Accept").value_or("");
  Api::Served served{answer_of({413, "the body was cut short, or is larger than 32 MiB"}), "other"};
  if (call.method == "GET") {
    served = api_.serve(std::move(call));
  } else if (auto body = request.body(kTableBytesMax); body) {
    call.body = std::move(*body);
    call.precondition = {request.header("If-Match"), request.header("If-None-Match")};
    served = api_.serve(std::move(call));
  } else if (body.error().code != 413) {
    served.answer = answer_of({400, body.error().message});
  }
  response.status = served.answer.status;
  response.content_type = std::move(served.answer.content_type);
  response.headers = std::move(served.answer.headers);
  response.body = std::move(served.answer.body);
  metrics_.gauge("millrace_catalog_written_version").set(static_cast<double>(store_.read([](const auto& state) { return state.latest(); })));
  metrics_.counter("millrace_http_requests_total", {{"route", served.route}, {"status", std::to_string(response.status)}}).add();
  metrics_.histogram("millrace_http_request_seconds", {{"route", served.route}})
      .observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

// Its own thread, from listen() to stop().
void Service::tidy() {
  std::unique_lock lock(mutex_);
  do {
    lock.unlock();
    const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    const auto records = [&](const catalog_topic::CatalogState& state) { return pruning(state, now_ms, settings_.retention); };
    size_t given_up = 0;
    if (!store_.read(records).empty()) {
      const Status written = store_.write([&](const catalog_topic::CatalogState& state) {
        auto out = records(state);
        given_up = out.size();
        return out;
      });
      if (written) log::info("{} records of old versions were given up", given_up);
    }
    lock.lock();
  } while (!stopped_.wait_for(lock, settings_.tidy_every, [&] { return stopping_; }));
}

}  // namespace millrace::catalog
