// order.created and payment.processed.
#include <array>
#include <cstdio>

#include "tools/loadgen/events.h"

namespace millrace::loadgen {
namespace {

constexpr const char* kCurrencies[] = {"EUR", "USD", "GBP", "JPY", "BRL"};
constexpr const char* kStreets[] = {"Hauptstraße", "Main Street", "Rue de la Paix", "MG Road", "Avenida Paulista"};
constexpr const char* kShippingCities[] = {"Berlin", "Austin", "Lyon", "Pune", "São Paulo"};
constexpr const char* kShippingCountries[] = {"DE", "US", "FR", "IN", "BR"};
constexpr const char* kColours[] = {"black", "white", "red", "navy"};
constexpr const char* kTags[] = {"gift", "first-order", "b2b", "subscription"};
constexpr const char* kBrands[] = {"visa", "mastercard", "amex"};
constexpr const char* kProviders[] = {"stripe", "adyen", "paypal", "klarna"};
constexpr int64_t kDayMs = 86'400'000;

std::string numbered(const char* format, uint64_t number) {
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), format, static_cast<unsigned long long>(number));
  return text.data();
}

// Most amounts are small, a few need more than 32 bits of cents.
int64_t cents(Random& random) {
  const auto base = static_cast<int64_t>(100 + random.below(30'000));
  return random.chance(0.001) ? base * 1'000'000 : base;
}

}  // namespace

void write_order(Draw& draw, BinaryWriter& out, std::string& key) {
  Random& random = draw.random;
  write_head(draw, out);
  key = order_id(draw.seed, draw.number);
  out.text(key);
  out.integer(draw.population.draw_user(draw.tenant, random));
  out.symbol(random.below(4));
  const size_t place = random.below(std::size(kShippingCountries));
  out.text(random.pick(kCurrencies));
  const size_t lines = 1 + random.below(5);
  std::array<int64_t, 5> prices{}, quantities{};
  int64_t sum = 0;
  for (size_t i = 0; i < lines; ++i) {
    prices[i] = cents(random);
    quantities[i] = static_cast<int64_t>(1 + random.below(4));
    sum += prices[i] * quantities[i];
  }
  const int64_t tax = sum * 19 / 100;
  const int64_t discount = random.chance(0.2) ? sum / 10 : 0;
  out.decimal(sum + tax - discount);
  out.decimal(tax);
  if (discount) {
    out.value_branch(), out.decimal(discount);
    out.value_branch(), out.text(numbered("SAVE%llu", random.below(50)));
  } else {
    out.null_branch();
    out.null_branch();
  }
  out.symbol(random.below(3));
  out.text(std::string(random.pick(kStreets)) + numbered(" %llu", 1 + random.below(200)));
  out.text(kShippingCities[place]);
  out.text(numbered("%05llu", random.below(100'000)));
  out.text(kShippingCountries[place]);
  if (random.chance(0.8))
    out.value_branch(), out.integer(draw.time_ms / kDayMs + 1 + static_cast<int64_t>(random.below(6)));
  else
    out.null_branch();
  out.block(lines);
  for (size_t i = 0; i < lines; ++i) {
    out.text(numbered("SKU-%06llu", random.below(50'000)));
    out.integer(quantities[i]);
    out.decimal(prices[i]);
    if (random.chance(0.5)) {
      out.block(1);
      out.text("colour"), out.text(random.pick(kColours));
    }
    out.end();
  }
  out.end();
  const size_t tags = random.below(3);
  out.block(tags);
  for (size_t i = 0; i < tags; ++i) out.text(random.pick(kTags));
  out.end();
}

void write_payment(Draw& draw, BinaryWriter& out, std::string& key) {
  Random& random = draw.random;
  write_head(draw, out);
  out.text(uuid_v4(random));
  const uint64_t back = 1 + random.below(500);
  key = order_id(draw.seed, draw.number > back ? draw.number - back : 0);
  out.text(key);
  const uint64_t status = random.below(4);
  out.symbol(status);
  const int64_t amount = cents(random);
  out.decimal(status == 3 ? -amount : amount);
  out.text(random.pick(kCurrencies));
  if (random.chance(0.7))
    out.value_branch(), out.decimal(amount * 29 / 10);  // 2.9 % in hundredths of cents
  else
    out.null_branch();
  const uint64_t method = random.below(4);
  out.symbol(method);
  if (method == 0) {
    out.value_branch(), out.text(random.pick(kBrands));
    out.value_branch(), out.text(numbered("%04llu", random.below(10'000)));
    const uint64_t halves[2] = {random.next(), random.next()};
    out.value_branch(), out.fixed({reinterpret_cast<const char*>(halves), 16});
  } else {
    for (int i = 0; i < 3; ++i) out.null_branch();
  }
  if (random.chance(0.9))
    out.value_branch(), out.floating(random.unit());
  else
    out.null_branch();
  out.integer(static_cast<int64_t>(1 + random.below(3)));
  out.text(random.pick(kProviders));
  out.text(numbered("ch_%016llx", random.next()));
  out.integer(draw.time_ms * 1000 + static_cast<int64_t>(random.below(1000)));
  const size_t codes = random.below(3);
  out.block(codes);
  for (size_t i = 0; i < codes; ++i) out.integer(static_cast<int64_t>(random.below(100)));
  out.end();
  if (random.chance(0.3)) {
    out.block(1);
    out.text("invoice"), out.text(numbered("INV-%llu", random.below(1'000'000)));
  }
  out.end();
}

}  // namespace millrace::loadgen
