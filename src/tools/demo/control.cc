#include "tools/demo/control.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "tools/demo/demo.h"

namespace millrace::demo {
namespace {
using Json = nlohmann::json;

void answer(http_server::Response& response, int status, const Json& body) {
  response.status = status;
  response.content_type = "application/json";
  response.body = body.dump() + "\n";
}
void refuse(http_server::Response& response, int status, const std::string& why) { answer(response, status, {{"error", why}}); }

Json state_of(Demo& demo) {
  Json state;
  state["ready"] = demo.ready();
  for (const auto& [name, address] : demo.addresses()) state["addresses"][name] = address;
  state["children"] = Json::array();
  for (const auto& child : demo.children().states())
    state["children"].push_back({{"name", child.name},
                                 {"state", supervisor::name(child.state)},
                                 {"pid", child.pid},
                                 {"starts", child.starts},
                                 {"exit_code", child.exit_code},
                                 {"wanted", child.wanted},
                                 {"port", child.port}});
  state["gates"] = Json::array();
  for (const auto& [name, gate] : demo.gates()) {
    const auto counts = gate->counts();
    state["gates"].push_back({{"name", name},
                              {"port", gate->port()},
                              {"mode", supervisor::name(gate->rule().mode)},
                              {"connections", counts.connections},
                              {"bytes_to_server", counts.bytes_to_server},
                              {"bytes_to_client", counts.bytes_to_client},
                              {"replies_lost", counts.replies_lost},
                              {"resets", counts.resets}});
  }
  const Figures figures = demo.figures();
  state["figures"] = {{"produced", figures.produced},
                      {"delivered", figures.delivered},
                      {"dead_letters", figures.dead_letters},
                      {"events_per_s", figures.events_per_s},
                      {"p50_ms", figures.p50_ms},
                      {"p95_ms", figures.p95_ms},
                      {"lag", figures.lag}};
  return state;
}

template <class T>
bool read_number(const http_server::Request& request, const std::string& name, T& into) {
  const auto text = request.parameter(name);
  if (!text) return true;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), into);
  return error == std::errc{} && end == text->data() + text->size();
}
}  // namespace

Control::Control(Demo& demo, uint16_t port) : demo_(demo), server_({.host = "127.0.0.1", .port = port}) {
  server_.route("GET", "/state", [this](http_server::Request&, http_server::Response& response) { answer(response, 200, state_of(demo_)); });
  server_.route("GET", "/metrics", [this](http_server::Request&, http_server::Response& response) {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics();
  });
  server_.route("GET", "/healthz", [this](http_server::Request&, http_server::Response& response) {
    response.status = demo_.ready() ? 200 : 503;
    response.body = demo_.ready() ? "ok\n" : "not everything is up yet\n";
  });
  server_.route("POST", "/children/([^/]+)/(start|stop|kill|freeze|thaw|restart)", [this](http_server::Request& request, http_server::Response& response) {
    const std::string name = request.matches[1], act = request.matches[2];
    if (!demo_.children().state(name)) return refuse(response, 404, "there is no child '" + name + "'");
    const auto done = demo_.act(name, act, request.parameter("wait").value_or("1") != "0");
    if (!done) return refuse(response, 409, done.error().message);
    const auto child = *demo_.children().state(name);
    answer(response, 200, {{"name", name}, {"state", supervisor::name(child.state)}, {"pid", child.pid}, {"exit_code", child.exit_code}});
  });
  server_.route("POST", "/gates/([^/]+)", [this](http_server::Request& request, http_server::Response& response) {
    const auto gate = demo_.gates().find(request.matches[1]);
    if (gate == demo_.gates().end()) return refuse(response, 404, "there is no gate '" + request.matches[1] + "'");
    const auto mode = supervisor::parse_gate_mode(request.parameter("mode").value_or(""));
    if (!mode) return refuse(response, 400, "mode is one of pass, refuse, hang, reset, slow, lose_reply");
    supervisor::GateRule rule{.mode = *mode};
    rule.match = request.parameter("match").value_or("");
    if (!read_number(request, "bytes_per_s", rule.bytes_per_s) || !read_number(request, "kafka_api", rule.kafka_api) ||
        !read_number(request, "count", rule.count))
      return refuse(response, 400, "bytes_per_s, kafka_api and count are numbers");
    gate->second->set(rule);
    answer(response, 200, {{"name", gate->first}, {"mode", supervisor::name(rule.mode)}});
  });
}

std::string Control::metrics() {
  for (const auto& child : demo_.children().states()) {
    metrics_.gauge("millrace_demo_child_up", {{"child", child.name}}).set(child.state == supervisor::ChildState::kRunning ? 1 : 0);
    metrics_.gauge("millrace_demo_child_starts", {{"child", child.name}}).set(static_cast<double>(child.starts));
  }
  for (const auto& [name, gate] : demo_.gates())
    metrics_.gauge("millrace_demo_gate_passes", {{"gate", name}}).set(gate->rule().mode == supervisor::GateMode::kPass ? 1 : 0);
  return metrics_.text();
}

Status Control::start() { return server_.start(); }

}  // namespace millrace::demo
