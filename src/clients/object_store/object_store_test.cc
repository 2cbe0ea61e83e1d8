#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "clients/http_server/server.h"
#include "clients/object_store/bucket.h"
#include "clients/object_store/credentials.h"
#include "clients/object_store/signature.h"
#include "clients/object_store/xml_text.h"

namespace millrace::object_store {
namespace {

using http_server::Response;
using http_server::Server;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using namespace std::chrono_literals;

// ---- signatures: the examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
constexpr const char* kEmptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string signed_example(SignedRequest request) {
  request.host = "examplebucket.s3.amazonaws.com";
  const auto at = std::chrono::system_clock::from_time_t(1'369'353'600);  // 2013-05-24 00:00:00 UTC
  return signature(request, kExample, "us-east-1", "s3", at).back().second;
}

TEST(Signature, IsTheOneOfTheDocumentsExamples) {
  EXPECT_THAT(signed_example({.method = "GET", .host = "", .path = "/test.txt", .query = {}, .headers = {{"range", "bytes=0-9"}}, .body_sha256 = kEmptyBody}),
              EndsWith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
  EXPECT_THAT(signed_example({.method = "PUT",
                              .host = "",
                              .path = escape_path("/test$file.text"),
                              .query = {},
                              .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                              .body_sha256 = hex(sha256("Welcome to Amazon S3."))}),
              EndsWith("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
  EXPECT_THAT(
      signed_example({.method = "GET", .host = "", .path = "/", .query = {{"prefix", "J"}, {"max-keys", "2"}}, .headers = {}, .body_sha256 = kEmptyBody}),
      EndsWith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(Bucket, ReadsItsUrl) {
  EXPECT_EQ(bucket_and_prefix("s3://events/a/b/"), std::pair(std::string("events"), std::string("a/b")));
  EXPECT_EQ(bucket_and_prefix("s3://events"), std::pair(std::string("events"), std::string()));
  EXPECT_EQ(bucket_and_prefix("s3:///a"), std::nullopt);
  EXPECT_EQ(bucket_and_prefix("/srv/warehouse"), std::nullopt);
}

TEST(XmlText, FindsElementsAndReplacesEntities) {
  const std::string xml =
      "<?xml version=\"1.0\"?><R xmlns=\"x\"><Contents><Key>a&amp;b</Key></Contents><KeyCount>2</KeyCount><Contents><Key>c</Key></Contents></R>";
  EXPECT_EQ(element(xml, "Key"), "a&b");
  EXPECT_EQ(element(xml, "KeyCount"), "2");
  EXPECT_EQ(element(xml, "Code"), std::nullopt);
  EXPECT_EQ(elements(xml, "Contents").size(), 2);
  EXPECT_TRUE(elements("<Key>cut short", "Key").empty());
}

// ---- a store that answers as it is told

struct Store : testing::Test {
  Server server;
  std::mutex mutex;
  std::map<std::string, std::string> objects;  // by path
  BucketSettings settings() const {
    return {.bucket = "events",
            .endpoint = "http://" + server.address(),
            .region = "eu-west-1",
            .credentials = {"key", "secret"},
            .deadline = 2s,
            .connect_deadline = 500ms};
  }
  void start() {
    server.route("PUT", "/events/(.+)", [this](auto& in, Response& out) {
      EXPECT_THAT(in.header("authorization").value_or(""), HasSubstr("Credential=key/"));
      const auto body = in.body();
      ASSERT_TRUE(body);
      EXPECT_EQ(in.header("x-amz-content-sha256"), hex(sha256(*body)));
      std::lock_guard lock(mutex);
      if (in.header("if-none-match") == "*" && objects.contains(in.path)) {
        out.status = 412;
        return;
      }
      objects[in.path] = *body;
    });
    server.route("GET", "/events/(.+)", [this](auto& in, Response& out) {
      std::lock_guard lock(mutex);
      const auto found = objects.find(in.path);
      if (found != objects.end()) {
        out.body = found->second;
        return;
      }
      out.status = 404;
      out.body = "<Error><Code>NoSuchKey</Code></Error>";
    });
    ASSERT_TRUE(server.start());
  }
};

TEST_F(Store, KeepsTheFirstObjectOfAKey) {
  start();
  Bucket bucket(settings());
  EXPECT_EQ(bucket.get("a b/c").value(), std::nullopt);
  EXPECT_EQ(bucket.put_new("a b/c", "one"), Bucket::Put::kNew);
  EXPECT_EQ(bucket.put_new("a b/c", "two"), Bucket::Put::kWasThere);
  EXPECT_EQ(bucket.get("a b/c").value(), "one");
}

TEST_F(Store, ListsKeysInTheirOrder) {
  server.route("GET", "/events", [](auto& in, Response& out) {
    EXPECT_EQ(in.target, "/events?list-type=2&max-keys=1000&prefix=a%20b%2F&start-after=a%20b%2Fc");
    out.body =
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a b/d&amp;e</Key><Size>1</Size></Contents><Contents><Key>a "
        "b/f</Key></Contents></ListBucketResult>";
  });
  ASSERT_TRUE(server.start());
  EXPECT_THAT(Bucket(settings()).keys("a b/", "a b/c").value(), ElementsAre("a b/d&e", "a b/f"));
}

TEST_F(Store, SaysWhatTheStoreSays) {
  server.route("PUT", "/events/(.+)", [](auto&, Response& out) {
    out.status = 403;
    out.body = "<Error><Code>AccessDenied</Code><Message>Not you.</Message></Error>";
  });
  server.route("GET", "/events/(.+)", [](auto&, Response& out) {
    out.status = 404;
    out.body = "<Error><Code>NoSuchBucket</Code><Message>None of that name.</Message></Error>";
  });
  ASSERT_TRUE(server.start());
  Bucket bucket(settings());
  const auto put = bucket.put_new("x", "one");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().retry, Retry::kTransient);
  EXPECT_THAT(put.error().message, HasSubstr("403 AccessDenied: Not you.: look at the credentials, and at what they may do in the bucket events"));
  EXPECT_THAT(bucket.get("x").error().message, HasSubstr("NoSuchBucket: None of that name.: create it"));
}

TEST_F(Store, AStoreThatIsOutIsATransientError) {
  start();
  server.stop();
  const auto put = Bucket(settings()).put_new("x", "one");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().retry, Retry::kTransient);
}

TEST_F(Store, AStoreThatHangsIsGivenUp) {
  std::atomic<bool> go_on = false;
  server.route("PUT", "/events/(.+)", [&](auto&, Response&) {
    while (!go_on) std::this_thread::sleep_for(5ms);
  });
  ASSERT_TRUE(server.start());
  auto hasty = settings();
  hasty.deadline = 300ms;
  Bucket bucket(hasty);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(bucket.put_new("x", "one"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  // … and before its deadline, when nobody wants it any more.
  hasty.deadline = 60s;
  Bucket patient(hasty);
  ObjectBody body{3, sha256("one"),
                  [sent = false](char* to, size_t) mutable -> size_t { return std::exchange(sent, true) ? 0 : std::string("one").copy(to, 3); }};
  const auto since = std::chrono::steady_clock::now();
  EXPECT_FALSE(patient.put_new("x", body, [&] { return std::chrono::steady_clock::now() - since > 100ms; }));
  EXPECT_LT(std::chrono::steady_clock::now() - since, 5s);
  go_on = true;
}

// ---- where keys come from

struct Environment {
  std::vector<std::string> names;
  void set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    names.push_back(name);
  }
  ~Environment() {
    for (const auto& name : names) ::unsetenv(name.c_str());
  }
};

TEST(CredentialsSource, TakesWhatIsGivenThenTheEnvironments) {
  Environment environment;
  EXPECT_EQ(CredentialsSource({"mine", "secret"}, "eu-west-1").current()->access_key, "mine");
  environment.set("AWS_EC2_METADATA_DISABLED", "true");
  EXPECT_THAT(CredentialsSource({}, "eu-west-1").current().error().message, HasSubstr("neither `access_key` and `secret_key` are set"));
  environment.set("AWS_ACCESS_KEY_ID", "environment's");
  environment.set("AWS_SECRET_ACCESS_KEY", "secret");
  environment.set("AWS_SESSION_TOKEN", "token");
  const auto found = CredentialsSource({}, "eu-west-1").current();
  EXPECT_EQ(found->access_key, "environment's");
  EXPECT_EQ(found->session_token, "token");
}

TEST(CredentialsSource, AsksTheInstanceAndAgainBeforeTheyExpire) {
  Server server;
  std::atomic<int> asked = 0;
  server.route("PUT", "/latest/api/token", [](auto&, Response& out) { out.body = "t"; });
  server.route("GET", "/latest/meta-data/iam/security-credentials/", [](auto&, Response& out) { out.body = "role\n"; });
  server.route("GET", "/latest/meta-data/iam/security-credentials/role", [&](auto& in, Response& out) {
    EXPECT_EQ(in.header("x-aws-ec2-metadata-token"), "t");
    const bool first = ++asked == 1;  // the first ones have as good as expired
    out.body = std::string(R"({"AccessKeyId":"k)") + std::to_string(asked) + R"(","SecretAccessKey":"s","Token":"x","Expiration":")" +
               (first ? "2001-01-01T00:00:00Z" : "2099-01-01T00:00:00Z") + "\"}";
  });
  ASSERT_TRUE(server.start());
  Environment environment;
  environment.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://" + server.address());
  CredentialsSource source({}, "eu-west-1");
  EXPECT_THAT(source.current().error().message, HasSubstr("expired"));
  EXPECT_EQ(source.current()->access_key, "k2");
  EXPECT_EQ(source.current()->access_key, "k2");
  EXPECT_EQ(asked, 2);
}

TEST(CredentialsSource, AsksForTheRoleOfAWebIdentity) {
  Server server;
  server.route("POST", "/", [](auto& in, Response& out) {
    const std::string body = in.body().value_or("");
    EXPECT_THAT(body, HasSubstr("Action=AssumeRoleWithWebIdentity"));
    EXPECT_THAT(body, HasSubstr("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"));
    out.body =
        "<A><Credentials><AccessKeyId>k</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t==</SessionToken><Expiration>2099-01-01T00:00:00Z"
        "</Expiration></Credentials></A>";
  });
  ASSERT_TRUE(server.start());
  Environment environment;
  environment.set("AWS_WEB_IDENTITY_TOKEN_FILE", "/proc/self/cmdline");  // any file that is there
  environment.set("AWS_ROLE_ARN", "arn:aws:iam::1:role/r");
  environment.set("AWS_ENDPOINT_URL_STS", "http://" + server.address());
  const auto found = CredentialsSource({}, "eu-west-1").current();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->session_token, "t==");
}

TEST(HostHeader, HasAPortOnlyWhereItIsNotTheSchemesOwn) {
  EXPECT_EQ(host_header("http://127.0.0.1:9000"), "127.0.0.1:9000");
  EXPECT_EQ(host_header("http://store:80"), "store");
  EXPECT_EQ(host_header("https://store:443"), "store");
  EXPECT_EQ(host_header("https://store:80"), "store:80");
  EXPECT_EQ(host_header("http://store:8080"), "store:8080");
}

}  // namespace
}  // namespace millrace::object_store
