#include "clients/object_store/credentials.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "clients/object_store/xml_text.h"

namespace millrace::object_store {
namespace {

using Clock = std::chrono::system_clock;
constexpr std::chrono::minutes kRenewBefore{5};
constexpr std::chrono::milliseconds kDeadline{5000}, kConnectDeadline{1000};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// 2026-11-27T01:30:00Z, with or without fractions.
Clock::time_point time_in(const std::string& text) {
  std::tm parts{};
  return strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr ? Clock::time_point{} : Clock::from_time_t(timegm(&parts));
}

Result<std::string> content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return transient(path + " can't be read");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

CredentialsSource::CredentialsSource(Credentials given, std::string region) : given_(std::move(given)), region_(std::move(region)) {}

Result<Credentials> CredentialsSource::current() {
  if (!given_.access_key.empty()) return given_;
  if (Credentials fixed{environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"), environment("AWS_SESSION_TOKEN")};
      !fixed.access_key.empty() && !fixed.secret_key.empty())
    return fixed;
  const auto now = Clock::now();
  if (temporary_ && now < temporary_->expires - kRenewBefore) return temporary_->credentials;
  auto fetched = fetch();
  if (fetched) temporary_ = std::move(*fetched);
  if (temporary_ && now < temporary_->expires) return temporary_->credentials;
  if (!fetched) return transient("no credentials for the object store: " + fetched.error().message);
  return transient("the credentials for the object store that were given have expired: look at this machine's clock");
}

Result<CredentialsSource::Temporary> CredentialsSource::fetch() {
  if (const auto file = environment("AWS_WEB_IDENTITY_TOKEN_FILE"), role = environment("AWS_ROLE_ARN"); !file.empty() && !role.empty())
    return of_web_identity(file, role);
  if (const auto url = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI"); !url.empty()) return of_container(url);
  if (const auto path = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty()) return of_container("http://169.254.170.2" + path);
  if (environment("AWS_EC2_METADATA_DISABLED") == "true")
    return transient("neither `access_key` and `secret_key` are set, nor AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment");
  const auto service = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  auto of_this = of_instance(service.empty() ? "http://169.254.169.254" : service);
  if (of_this) return of_this;
  return transient(
      "neither `access_key` and `secret_key` are set, nor AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, and the instance gives none: " +
      of_this.error().message);
}

Result<std::string> CredentialsSource::ask(http::Request request) {
  request.deadline = kDeadline, request.connect_deadline = kConnectDeadline;
  auto answer = http_.send(request);
  if (!answer) return std::unexpected(Error{Retry::kTransient, 0, answer.error().message});
  if (answer->status / 100 == 2) return std::move(answer->body);
  return transient(request.url.substr(0, request.url.find('?')) + " answered " + std::to_string(answer->status) + ": " + answer->body.substr(0, 200),
                   answer->status);
}

namespace {

// What containers and instances answer.
Result<std::pair<Credentials, Clock::time_point>> credentials_in(const std::string& json, const std::string& from) {
  try {
    const auto all = nlohmann::json::parse(json);
    const auto text = [&](const char* name) { return all.at(name).get<std::string>(); };
    return std::pair(Credentials{text("AccessKeyId"), text("SecretAccessKey"), text("Token")}, time_in(text("Expiration")));
  } catch (const std::exception&) {
    return transient(from + " answered without AccessKeyId, SecretAccessKey, Token and Expiration");
  }
}

}  // namespace

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
Result<CredentialsSource::Temporary> CredentialsSource::of_container(const std::string& url) {
  http::Request request{.url = url};
  std::string token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
    auto read = content(file);
    if (!read) return std::unexpected(read.error());
    token = std::move(*read);
  }
  if (!token.empty()) request.headers.emplace_back("Authorization", token);
  const auto json = ask(std::move(request));
  if (!json) return std::unexpected(json.error());
  const auto found = credentials_in(*json, url);
  if (!found) return std::unexpected(found.error());
  return Temporary{found->first, found->second};
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html (version 2)
Result<CredentialsSource::Temporary> CredentialsSource::of_instance(const std::string& service) {
  const auto token = ask({.method = "PUT", .url = service + "/latest/api/token", .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}}});
  if (!token) return std::unexpected(token.error());
  const http::Headers headers{{"X-aws-ec2-metadata-token", *token}};
  const std::string url = service + "/latest/meta-data/iam/security-credentials/";
  const auto role = ask({.url = url, .headers = headers});
  if (!role) return std::unexpected(role.error());
  const auto json = ask({.url = url + role->substr(0, role->find('\n')), .headers = headers});
  if (!json) return std::unexpected(json.error());
  const auto found = credentials_in(*json, url);
  if (!found) return std::unexpected(found.error());
  return Temporary{found->first, found->second};
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
Result<CredentialsSource::Temporary> CredentialsSource::of_web_identity(const std::string& token_file, const std::string& role) {
  const auto token = content(token_file);
  if (!token) return std::unexpected(token.error());
  const auto endpoint = environment("AWS_ENDPOINT_URL_STS"), session = environment("AWS_ROLE_SESSION_NAME");
  const std::string body = query_text({{"Action", "AssumeRoleWithWebIdentity"},
                                       {"Version", "2011-06-15"},
                                       {"RoleArn", role},
                                       {"RoleSessionName", session.empty() ? "millrace" : session},
                                       {"WebIdentityToken", *token}});
  const auto xml = ask({.method = "POST",
                        .url = (endpoint.empty() ? "https://sts." + region_ + ".amazonaws.com" : endpoint) + "/",
                        .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                        .body = body});
  if (!xml) return std::unexpected(xml.error());
  const auto key = element(*xml, "AccessKeyId"), secret = element(*xml, "SecretAccessKey"), session_token = element(*xml, "SessionToken"),
             expires = element(*xml, "Expiration");
  if (!key || !secret || !session_token || !expires) return transient("STS answered without credentials for " + role);
  return Temporary{{*key, *secret, *session_token}, time_in(*expires)};
}

}  // namespace millrace::object_store
