#include "clients/object_store/signature.h"

#include <algorithm>
#include <ctime>

#include "clients/object_store/sha256.h"

namespace millrace::object_store {
namespace {

std::string_view bytes_of(const Sha256& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

std::string utc(std::chrono::system_clock::time_point now, const char* format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

}  // namespace

std::string escape_path(std::string_view path) {
  std::string escaped;
  while (true) {
    const size_t slash = path.find('/');
    escaped += http::escape(path.substr(0, slash));
    if (slash == path.npos) return escaped;
    escaped += '/';
    path.remove_prefix(slash + 1);
  }
}

std::string query_text(std::vector<std::pair<std::string, std::string>> query) {
  for (auto& [name, value] : query) name = http::escape(name), value = http::escape(value);
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query) text += (text.empty() ? "" : "&") + name + "=" + value;
  return text;
}

http::Headers signature(const SignedRequest& request, const Credentials& credentials, std::string_view region, std::string_view service,
                        std::chrono::system_clock::time_point now) {
  const std::string date = utc(now, "%Y%m%d"), time = utc(now, "%Y%m%dT%H%M%SZ");
  http::Headers added{{"x-amz-content-sha256", request.body_sha256}, {"x-amz-date", time}};
  if (!credentials.session_token.empty()) added.emplace_back("x-amz-security-token", credentials.session_token);

  http::Headers all = added;
  all.emplace_back("host", request.host);
  all.insert(all.end(), request.headers.begin(), request.headers.end());
  std::ranges::sort(all);
  std::string canonical = request.method + "\n" + request.path + "\n" + query_text(request.query) + "\n", names;
  for (const auto& [name, value] : all) canonical += name + ":" + value + "\n", names += (names.empty() ? "" : ";") + name;
  canonical += "\n" + names + "\n" + request.body_sha256;

  const std::string scope = date + "/" + std::string(region) + "/" + std::string(service) + "/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + hex(sha256(canonical));
  Sha256 key = hmac_sha256("AWS4" + credentials.secret_key, date);
  for (const std::string_view part : {region, service, std::string_view("aws4_request")}) key = hmac_sha256(bytes_of(key), part);
  added.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + scope + ", SignedHeaders=" + names +
                                          ", Signature=" + hex(hmac_sha256(bytes_of(key), to_sign)));
  return added;
}

std::string host_header(std::string_view url) {
  const size_t scheme = url.find("://");
  std::string host(scheme == std::string_view::npos ? url : url.substr(scheme + 3));
  for (const auto& [of, port] : {std::pair("http://", ":80"), std::pair("https://", ":443")})
    if (url.starts_with(of) && host.ends_with(port)) host.resize(host.size() - std::string_view(port).size());
  return host;
}

}  // namespace millrace::object_store
