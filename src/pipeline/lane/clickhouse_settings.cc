#include "pipeline/lane/clickhouse_settings.h"

#include <algorithm>
#include <cstdlib>

namespace millrace::pipeline {
namespace {

using Urls = std::vector<std::string>;

constexpr size_t kShardsMost = 1000;  // a plan has 16 bits for their number

Urls replicas_of(Section& section, const char* key, const YAML::Node& node) {
  Urls urls;
  if (node.IsSequence())
    for (const auto& each : node) urls.push_back(each.IsScalar() ? each.Scalar() : "");
  if (urls.empty() || std::ranges::find(urls, "") != urls.end())
    section.refuse(node, key, "must list the URLs of replicas, as [http://ch-1:8123, http://ch-2:8123]");
  return urls;
}

// `url`, `urls` or `shards`: one of them.
std::vector<Urls> shards_of(Section& section) {
  std::string url;
  section.text("url", url);
  const YAML::Node replicas = section.at("urls"), lists = section.at("shards");
  const char* const key = lists.IsDefined() ? "shards" : replicas.IsDefined() ? "urls" : "url";
  const YAML::Node said = section.at(key);
  if ((url.empty() ? 0 : 1) + (replicas.IsDefined() ? 1 : 0) + (lists.IsDefined() ? 1 : 0) > 1)
    section.refuse(said, key, "`url` is one server, `urls` lists replicas, `shards` lists lists of replicas: say one of them");
  std::vector<Urls> shards;
  if (!url.empty()) shards.push_back({url});
  if (replicas.IsDefined()) shards.push_back(replicas_of(section, key, replicas));
  if (lists.IsDefined()) {
    if (!lists.IsSequence() || lists.size() == 0 || lists.size() > kShardsMost)
      section.refuse(lists, key, "must list the shards, each of them a list of its replicas' URLs");
    for (const auto& shard : lists) shards.push_back(replicas_of(section, key, shard));
  }
  if (shards.empty()) section.refuse(said, key, "is missing");
  std::set<std::string> seen;
  for (const Urls& shard : shards)
    for (const std::string& each : shard)
      if (!seen.insert(each).second) section.refuse(said, key, each + " is listed twice");
  return shards;
}

}  // namespace

void clickhouse_of(Section section, PipelineSettings& all) {
  all.clickhouse_shards = shards_of(section);
  all.clickhouse.url = all.clickhouse_shards.front().front();
  section.text("user", all.clickhouse.user);
  section.text("password", all.clickhouse.password);
  if (const char* password = std::getenv("MILLRACE_CLICKHOUSE_PASSWORD")) all.clickhouse.password = password;
  section.text("database", all.clickhouse.database, true);
  section.text("cluster", all.clickhouse_cluster);
  std::string coding = "none";
  section.text("compression", coding);
  const auto known = compression::parse_content_coding(coding);
  if (!known || (coding != "none" && coding != "lz4" && coding != "zstd"))
    section.refuse(section.at("compression"), "compression", "there are `none`, `lz4` (cheap) and `zstd` (small)");
  all.clickhouse.compression = *known;
  all.insert_settings = section.pairs("insert_settings");
  section.end();
}

std::string same_clickhouse(const PipelineSettings& one, const PipelineSettings& other) {
  if (one.clickhouse.database != other.clickhouse.database) return "";
  for (const Urls& mine : one.clickhouse_shards)
    for (const Urls& theirs : other.clickhouse_shards)
      if (const auto shared = std::ranges::find_first_of(mine, theirs); shared != mine.end()) return *shared;
  return "";
}

}  // namespace millrace::pipeline
