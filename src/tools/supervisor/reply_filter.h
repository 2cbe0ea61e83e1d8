#pragma once
// Finds, in the bytes of one relayed connection, the reply that a gate is to lose.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace millrace::supervisor {

// Kafka's framing (protocol guide, "Request and Response headers"): a 4-byte length, then in a request 2 bytes of api key, 2 of
// version, 4 of correlation id, and in a reply the correlation id. One connection, one thread.
class ReplyFilter {
 public:
  // Bytes on the way to the server.
  // Exactly one of the two says which replies are doomed; neither (-1, nullptr): none. An empty match: all.
  void request(std::string_view bytes, int kafka_api, const std::string* match);
  // True when these bytes from the server hold (the beginning of) a reply to be lost.
  bool reply(std::string_view bytes, bool kafka);

 private:
  struct Frames {
    std::string head;   // of the frame under way, up to `want` bytes
    uint64_t skip = 0;  // bytes left of the frame
    // Calls `seen` with the first `want` bytes of every frame (its length included).
    template <class F>
    void feed(std::string_view bytes, size_t want, F&& seen);
  };
  Frames requests_, replies_;
  std::set<uint32_t> doomed_;  // correlation ids
  std::string tail_;           // of the last request bytes, for a match cut in two
  bool matched_ = false;
};

}  // namespace millrace::supervisor
