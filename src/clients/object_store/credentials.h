#pragma once
// Where the keys come from: the settings, or the places where programs on AWS look for them.

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "clients/http/client.h"
#include "clients/object_store/signature.h"

namespace millrace::object_store {

// The first of these that is there: the keys that are given; AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN); the role of
// AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN; a container's AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI; the instance's metadata service
// (unless AWS_EC2_METADATA_DISABLED is true). Temporary ones are fetched again five minutes before they expire. One thread.
class CredentialsSource {
 public:
  CredentialsSource(Credentials given, std::string region);  // an empty access key: none are given
  // Errors, all transient, say where was looked and what was wrong. May wait for the service that gives them, 5 s at most.
  Result<Credentials> current();

 private:
  struct Temporary {
    Credentials credentials;
    std::chrono::system_clock::time_point expires;
  };
  Result<Temporary> fetch();
  Result<Temporary> of_web_identity(const std::string& token_file, const std::string& role);
  Result<Temporary> of_container(const std::string& url);
  Result<Temporary> of_instance(const std::string& service);
  Result<std::string> ask(http::Request request);

  Credentials given_;
  std::string region_;
  http::Client http_;
  std::optional<Temporary> temporary_;
};

}  // namespace millrace::object_store
