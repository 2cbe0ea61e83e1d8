// user.pageview, session.end, error.captured, and the PageView of the benchmarks.
#include <array>
#include <cstdio>

#include "tools/loadgen/events.h"

namespace millrace::loadgen {
namespace {

constexpr const char* kSections[] = {"products", "category", "checkout", "account", "blog", "search"};
constexpr const char* kBrowsers[] = {"Chrome", "Firefox", "Safari", "Edge"};
constexpr const char* kSystems[] = {"Windows", "macOS", "Linux", "Android", "iOS"};
constexpr const char* kCountries[] = {"DE", "US", "FR", "IN", "BR", "JP", "GB", "NL"};
constexpr const char* kCities[] = {"Berlin", "Austin", "Lyon", "Pune", "São Paulo", "大阪", "Leeds", "Utrecht"};
constexpr const char* kSources[] = {"newsletter", "search", "social", "affiliate"};
constexpr const char* kExperiments[] = {"checkout-v2:b", "hero-image:a", "free-shipping:c", "search-ranking:b"};
constexpr const char* kScreens[] = {"home", "product", "cart", "checkout", "account", "help"};
constexpr const char* kActions[] = {"click", "scroll", "add_to_cart", "search", "share"};
constexpr const char* kServices[] = {"storefront", "checkout-api", "search", "payments", "ios-app", "android-app"};
constexpr const char* kErrors[] = {"TypeError", "TimeoutException", "NullPointerException", "ConnectionReset", "ValidationError"};
constexpr const char* kMessages[] = {"cannot read property 'price' of undefined", "upstream did not answer within 2000 ms", "connection reset by peer",
                                     "field 'postal_code' is required", "état inattendu: panier vidé"};
constexpr const char* kFunctions[] = {"render", "submitOrder", "fetchCart", "applyCoupon", "onClick", "retry", "decode"};
constexpr const char* kFiles[] = {"src/cart.ts", "src/checkout.ts", "lib/http.ts", "app/api/orders.py", "vendor/react.js"};

template <class... Args>
void put(BinaryWriter& out, const char* format, Args... args) {
  std::array<char, 160> text;
  const int size = std::snprintf(text.data(), text.size(), format, args...);
  out.text({text.data(), static_cast<size_t>(size)});
}

void page_url(Random& random, BinaryWriter& out) {
  const char* section = random.pick(kSections);
  const auto page = static_cast<unsigned>(random.below(1'000'000));
  put(out, "https://shop.example.com/%s/%06u?r=%x", section, page, static_cast<unsigned>(random.below(256)));
}

void referrer(Random& random, BinaryWriter& out) {
  if (random.chance(0.5)) return out.null_branch();
  out.value_branch();
  put(out, "https://ref%03u.example.org/", static_cast<unsigned>(random.below(1000)));
}

void some_of(Random& random, BinaryWriter& out, std::span<const char* const> texts) {
  const size_t count = random.below(texts.size());
  out.block(count);
  const size_t first = random.below(texts.size());
  for (size_t i = 0; i < count; ++i) out.text(texts[(first + i) % texts.size()]);
  out.end();
}

void maybe_user(Draw& draw, BinaryWriter& out, std::string& key, double share) {
  const int64_t user = draw.population.draw_user(draw.tenant, draw.random);
  key = draw.population.tenant(draw.tenant) + "/" + std::to_string(user);
  if (!draw.random.chance(share)) return out.null_branch();
  out.value_branch();
  out.integer(user);
}

void fixed16(Random& random, BinaryWriter& out) {
  const uint64_t halves[2] = {random.next(), random.next()};
  out.fixed({reinterpret_cast<const char*>(halves), 16});
}

}  // namespace

void write_pageview(Draw& draw, BinaryWriter& out, std::string& key) {
  Random& random = draw.random;
  write_head(draw, out);
  out.text(uuid_v4(random));
  maybe_user(draw, out, key, 0.4);
  page_url(random, out);
  referrer(random, out);
  out.text(random.chance(0.5) ? "Product details" : "");
  out.integer(static_cast<int64_t>(random.below(60'000)));
  out.symbol(1 + random.below(3));
  out.text(random.pick(kSystems));
  out.text(random.pick(kBrowsers));
  out.integer(static_cast<int64_t>(320 + random.below(2240)));
  out.integer(static_cast<int64_t>(480 + random.below(1200)));
  if (random.chance(0.8)) {
    out.value_branch();
    const size_t place = random.below(std::size(kCountries));
    out.text(kCountries[place]);
    if (random.chance(0.7))
      out.value_branch(), out.text(kCities[place]);
    else
      out.null_branch();
    const bool exact = random.chance(0.3);
    for (const double limit : {90.0, 180.0}) {
      if (!exact) {
        out.null_branch();
        continue;
      }
      out.value_branch();
      out.floating((random.unit() * 2 - 1) * limit);
    }
  } else {
    out.null_branch();
  }
  if (random.chance(0.25)) {
    out.block(2);
    out.text("utm_source"), out.text(random.pick(kSources));
    out.text("utm_campaign"), put(out, "c%02u", static_cast<unsigned>(random.below(40)));
  }
  out.end();
  some_of(random, out, kExperiments);
}

void write_session_end(Draw& draw, BinaryWriter& out, std::string& key) {
  Random& random = draw.random;
  write_head(draw, out);
  out.text(uuid_v4(random));
  maybe_user(draw, out, key, 0.6);
  const auto duration = static_cast<int64_t>(random.below(3'600'000));
  out.integer(draw.time_ms - duration);
  out.integer(duration);
  const uint64_t pages = 1 + random.below(30);
  out.integer(static_cast<int64_t>(pages));
  out.boolean(pages == 1);
  out.symbol(random.below(3));
  if (random.chance(0.9))
    out.value_branch(), page_url(random, out);
  else
    out.null_branch();
  const size_t actions = random.below(std::size(kActions) + 1);
  out.block(actions);
  for (size_t i = 0; i < actions; ++i) out.text(kActions[i]), out.integer(static_cast<int64_t>(random.below(50)));
  out.end();
  some_of(random, out, kScreens);
  if (random.chance(0.8))
    out.value_branch(), out.floating(static_cast<float>(random.unit()));
  else
    out.null_branch();
}

void write_error(Draw& draw, BinaryWriter& out, std::string& key) {
  Random& random = draw.random;
  write_head(draw, out);
  out.text(random.pick(kServices));
  if (random.chance(0.9)) {
    out.value_branch();
    const auto minor = static_cast<unsigned>(random.below(40));
    put(out, "2026.%u.%u", minor, static_cast<unsigned>(random.below(10)));
  } else {
    out.null_branch();
  }
  out.symbol(random.below(5));
  fixed16(random, out);
  maybe_user(draw, out, key, 0.5);
  constexpr int kStatuses[] = {400, 404, 409, 429, 500, 502, 503, 504};
  if (random.chance(0.6))
    out.value_branch(), out.integer(random.pick(kStatuses));
  else
    out.null_branch();
  const size_t causes = random.below(3);
  for (size_t i = 0; i <= causes; ++i) {
    out.text(random.pick(kErrors));
    out.text(random.pick(kMessages));
    if (i < causes)
      out.value_branch();
    else
      out.null_branch();
  }
  const size_t frames = 1 + random.below(6);
  out.block(frames);
  for (size_t i = 0; i < frames; ++i) {
    out.text(random.pick(kFunctions));
    out.text(random.pick(kFiles));
    out.integer(static_cast<int64_t>(1 + random.below(2000)));
    out.boolean(random.chance(0.7));
  }
  out.end();
  some_of(random, out, kScreens);
  const bool context = random.chance(0.7);
  if (context) {
    out.block(2);
    out.text("region"), out.text(random.pick(kCountries));
    out.text("pod"), put(out, "pod-%04x", static_cast<unsigned>(random.below(65536)));
  }
  out.end();
  out.floating(random.chance(0.9) ? 1.0f : 0.1f);
  if (random.chance(0.1)) {
    std::string bytes(16 + random.below(64), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next());
    out.value_branch();
    out.text(bytes);
  } else {
    out.null_branch();
  }
}

void write_bench_pageview(Draw& draw, BinaryWriter& out, std::string& key) {
  Random& random = draw.random;
  out.text(uuid_v4(random));
  std::array<char, 16> tenant;
  std::snprintf(tenant.data(), tenant.size(), "tenant-%02u", static_cast<unsigned>(random.below(50)));
  key = tenant.data();
  out.text(key);
  out.integer(static_cast<int64_t>(random.below(5'000'000)));
  out.integer(draw.time_ms);
  page_url(random, out);
  referrer(random, out);
  out.integer(random.chance(0.01) ? -1 : static_cast<int64_t>(random.below(60'000)));
  out.block(2);
  out.text("browser"), out.text(random.pick(kBrowsers));
  out.text("country"), out.text(random.pick(kCountries));
  out.end();
}

}  // namespace millrace::loadgen
