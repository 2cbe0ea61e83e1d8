#include "clients/http/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <mutex>

namespace millrace::http {
namespace {

struct Transfer {
  const Request* request = nullptr;
  Response response;
  size_t sent = 0;
  bool refused_by_sink = false;
};

size_t on_header(char* data, size_t, size_t size, void* self) {
  auto& response = static_cast<Transfer*>(self)->response;
  std::string_view line(data, size);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // a new answer (100 Continue comes before the real one)
    response.headers.clear();
    auto space = line.find(' ');
    response.status = space == line.npos ? 0 : std::atoi(line.data() + space + 1);
    return size;
  }
  auto colon = line.find(':');
  if (colon == line.npos) return size;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  auto value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  response.headers.emplace_back(std::move(name), value);
  return size;
}

size_t on_body(char* data, size_t, size_t size, void* self) {
  auto& t = *static_cast<Transfer*>(self);
  if (t.request->body_sink && t.response.status / 100 == 2) {
    if (t.request->body_sink({data, size})) return size;
    t.refused_by_sink = true;
    return 0;
  }
  t.response.body.append(data, size);
  return size;
}

size_t on_read(char* buffer, size_t, size_t size, void* self) {
  auto& t = *static_cast<Transfer*>(self);
  if (t.request->body_source) return t.request->body_source(buffer, size);
  size_t n = std::min(size, t.request->body.size() - t.sent);
  std::memcpy(buffer, t.request->body.data() + t.sent, n);
  t.sent += n;
  return n;
}

int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return static_cast<Transfer*>(self)->request->cancelled() ? 1 : 0; }

}  // namespace

const std::string* Response::header(std::string_view name) const {
  for (const auto& [n, value] : headers)
    if (n == name) return &value;
  return nullptr;
}

struct Client::Impl {
  CURL* curl = curl_easy_init();
  ~Impl() { curl_easy_cleanup(curl); }
};

Client::Client() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  impl_ = std::make_unique<Impl>();
}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

void Client::forget_connections() { impl_ = std::make_unique<Impl>(); }

Result<Response> Client::send(const Request& request) {
  CURL* curl = impl_->curl;
  MILLRACE_CHECK(curl != nullptr, "libcurl gave no handle");
  curl_easy_reset(curl);  // keeps the connections
  Transfer t;
  t.request = &request;
  char why[CURL_ERROR_SIZE] = "";
  curl_slist* headers = nullptr;
  for (const auto& [name, value] : request.headers) headers = curl_slist_append(headers, (name + (value.empty() ? ";" : ": " + value)).c_str());
  headers = curl_slist_append(headers, "Expect:");
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);  // as it was signed
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.deadline.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(request.deadline, request.connect_deadline).count()));
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &t);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &t);
  if (request.stall_deadline.count() > 0) {
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);  // bytes a second
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_deadline.count()));
  }
  if (request.cancelled) {
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &t);
  }
  bool safe = request.method == "GET" || request.method == "HEAD";
  // libcurl silently sends a request again when a connection that it used before turns out to be dead. Only what has no
  // effect may be sent twice.
  if (!safe) curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  bool has_body = request.body_source || !request.body.empty() || (!safe && request.method != "DELETE");
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (has_body) {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &t);
    auto size = request.body_source ? request.body_source_size : static_cast<int64_t>(request.body.size());
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
    if (size < 0) headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  if (!request.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, request.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, request.password.c_str());
  }
  CURLcode code = curl_easy_perform(curl);
  curl_off_t pretransfer_us = 0;  // stays 0 while there is no connection
  curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us);
  curl_slist_free_all(headers);
  if (code == CURLE_OK) return std::move(t.response);
  std::string url = request.url.substr(0, request.url.find('?'));
  std::string what = request.method + " " + url + ": " + (why[0] ? why : curl_easy_strerror(code));
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) return permanent(what);
  if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || pretransfer_us == 0) return transient(what);
  if (t.refused_by_sink) what += " (the receiver of the body stopped it)";
  return unknown_outcome(what);
}

std::string escape(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  return out;
}

}  // namespace millrace::http
