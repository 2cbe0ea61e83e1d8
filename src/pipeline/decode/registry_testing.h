#pragma once
// For the tests of this room: a schema registry on loopback that knows what it is told, and records to feed.

#include <atomic>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "avro/encoder.h"
#include "base/scratch_directory.h"
#include "clients/http_server/server.h"
#include "pipeline/ingest/record_batch.h"

namespace millrace::pipeline::testing {

inline constexpr const char* kOrder = R"({"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"note","type":"string"}]})";
inline constexpr const char* kOrderWithTag =
    R"({"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"note","type":"string"},{"name":"tag","type":"string","default":"none"}]})";

class RegistryFixture {
 public:
  RegistryFixture() {
    server_ = std::make_unique<http_server::Server>();
    server_->route("GET", "/schemas/ids/(\\d+)", [this](http_server::Request& request, http_server::Response& response) {
      ++asked;
      if (broken) return void(response.status = 500);
      const auto at = schemas.find(std::stoi(request.matches[1]));
      if (at == schemas.end()) {
        response.status = 404;
        response.body = R"({"error_code":40403,"message":"Schema not found"})";
      } else {
        response.body = nlohmann::json{{"schema", at->second}}.dump();
      }
    });
    server_->route("GET", "/subjects/([^/]+)/versions", [this](http_server::Request& request, http_server::Response& response) {
      if (broken) return void(response.status = 500);
      nlohmann::json numbers = nlohmann::json::array();
      for (size_t i = 0; i < subjects[request.matches[1]].size(); ++i) numbers.push_back(i + 1);
      if (!numbers.empty()) return void(response.body = numbers.dump());
      response.status = 404;
      response.body = R"({"error_code":40401,"message":"Subject not found."})";
    });
    server_->route("GET", "/subjects/([^/]+)/versions/(\\d+)", [this](http_server::Request& request, http_server::Response& response) {
      const int id = subjects[request.matches[1]].at(std::stoul(request.matches[2]) - 1);
      response.body = nlohmann::json{{"id", id}, {"version", std::stoi(request.matches[2])}, {"schema", schemas[id]}}.dump();
    });
    server_->route("POST", "/subjects/([^/]+)/versions", [this](http_server::Request& request, http_server::Response& response) {
      if (broken) return void(response.status = 500);
      if (refuses) {
        response.status = 409;
        response.body = R"({"error_code":409,"message":"incompatible with version 1"})";
        return;
      }
      const std::string text = nlohmann::json::parse(*request.body())["schema"];
      for (const int id : subjects[request.matches[1]])
        if (schemas[id] == text) return void(response.body = nlohmann::json{{"id", id}}.dump());
      const int id = schemas.empty() ? 1 : schemas.rbegin()->first + 1;
      schemas[id] = text;
      subjects[request.matches[1]].push_back(id);
      response.body = nlohmann::json{{"id", id}}.dump();
    });
    started = server_->start().has_value();
    url = "http://" + server_->address();
  }
  std::map<int, std::string> schemas;
  std::map<std::string, std::vector<int>> subjects;  // ids by version
  std::atomic<int> asked{0};
  std::atomic<bool> broken{false}, refuses{false};
  bool started = false;
  std::string url;

 private:
  std::unique_ptr<http_server::Server> server_;
};

class TemporaryFile {
 public:
  std::string path() const { return folder_ / "schemas.json"; }

 private:
  ScratchDirectory folder_;
};

inline std::string framed(int schema, const std::string& datum) {
  std::string value(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) value += static_cast<char>(schema >> shift);
  return value + datum;
}
inline std::string order(int64_t id, const std::string& note) {
  std::string out;
  avro::Encoder encoder(out);
  encoder.long_(id);
  encoder.string(note);
  return out;
}

// Records of one partition; keeps their bytes.
class Records {
 public:
  void add(int64_t offset, std::string value, bool null_value = false) {
    values_.push_back(std::make_unique<std::string>(std::move(value)));
    Record record;
    record.value = *values_.back();
    record.offset = Offset(offset);
    record.timestamp_ms = 1'790'000'000'000 + offset;
    record.null_value = null_value;
    records_.push_back(record);
  }
  RecordRun run(const TopicPartition& partition, size_t first = 0, size_t count = SIZE_MAX) const {
    return {partition, std::span(records_).subspan(first, std::min(count, records_.size() - first)), &batch_, first};
  }
  size_t size() const { return records_.size(); }

 private:
  std::vector<std::unique_ptr<std::string>> values_;
  std::vector<Record> records_;
  RecordBatch batch_;
};

}  // namespace millrace::pipeline::testing
