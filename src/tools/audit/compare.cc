#include "tools/audit/compare.h"

#include <utility>

namespace millrace::audit {
namespace {

// How row and record differ; empty if they don't. A field that the record's schema lacks is not compared.
std::string difference(const LogRecord& record, const Row& row) {
  if (!record.readable) return "a row of a record whose bytes are no datum of a known schema";
  std::string fields;
  const auto check = [&](const char* field, bool in_log, bool in_row, bool equal) {
    if (in_log && (!in_row || !equal)) fields += (fields.empty() ? "" : ", ") + std::string(field);
  };
  const Identity &log = record.identity, &other = row.identity;
  check("event_id", log.has_event_id, other.has_event_id, log.event_id == other.event_id);
  check("tenant", log.has_tenant, other.has_tenant, log.tenant == other.tenant);
  check("amount", log.has_amount, other.has_amount, log.amount == other.amount);
  return fields;
}

class Comparison {
 public:
  Comparison(const Partition& of, size_t findings_max, std::vector<Finding>& findings) : of_(of), findings_max_(findings_max), findings_(findings) {}

  Totals run() {
    totals_ = {.records = of_.records.size(), .rows = of_.rows.size(), .dead_letters = of_.letters.size(), .alerts = of_.alerts.size()};
    for (const LogRecord& record : of_.records) {
      surplus(record.offset);
      one(record);
    }
    surplus(INT64_MAX);
    while (range_ < of_.left_out.size()) next_range();
    return totals_;
  }

 private:
  void one(const LogRecord& record) {
    size_t rows = 0, letters = 0;
    std::string differing;
    for (; row_ < of_.rows.size() && of_.rows[row_].offset == record.offset; ++row_, ++rows)
      if (std::string found = difference(record, of_.rows[row_]); !found.empty()) differing = std::move(found);
    for (; letter_ < of_.letters.size() && of_.letters[letter_].offset == record.offset; ++letter_, ++letters)
      if (of_.letters[letter_].bytes != record.bytes) differing = "the dead letter's bytes";
    alerts(record, rows > 0 && letters == 0);
    if (letters > 0 && record.readable) ++totals_.readable_dead_letters;
    if (rows + letters == 0 && was_left_out(record.offset)) return void(++totals_.left_out);
    if (rows + letters == 0) ++totals_.missing, note(Kind::kMissing, record.offset, &record, record.readable ? "" : "its bytes are no datum of a known schema");
    if (rows + letters > 1)
      ++totals_.doubled, note(Kind::kDoubled, record.offset, &record, std::to_string(rows) + " rows, " + std::to_string(letters) + " dead letters");
    if (!differing.empty()) ++totals_.differing, note(Kind::kDiffering, record.offset, &record, differing);
  }

  // Only what is delivered raises alerts, each rule one at most.
  void alerts(const LogRecord& record, bool delivered) {
    const size_t begin = alert_;
    for (; alert_ < of_.alerts.size() && of_.alerts[alert_].offset == record.offset; ++alert_) {
      if (!delivered) ++totals_.unexpected, note(Kind::kUnexpected, record.offset, &record, "an alert of a record that isn't delivered");
      if (alert_ > begin && of_.alerts[alert_].id == of_.alerts[alert_ - 1].id)
        ++totals_.doubled, note(Kind::kDoubled, record.offset, &record, "an alert, twice");
    }
  }

  // Which records rules left out isn't recorded, only how many of a range.
  bool was_left_out(int64_t offset) {
    while (range_ < of_.left_out.size() && of_.left_out[range_].end <= offset) next_range();
    if (range_ == of_.left_out.size() || offset < of_.left_out[range_].begin || taken_ == of_.left_out[range_].records) return false;
    ++taken_;
    return true;
  }
  void next_range() {
    const LeftOut& range = of_.left_out[range_++];
    const uint64_t too_many = range.records - std::exchange(taken_, 0);
    if (too_many == 0 || !range.whole) return;
    totals_.unexpected += too_many;
    note(Kind::kUnexpected, range.begin, nullptr,
         std::to_string(too_many) + " records less are missing than rules left out of offsets " + std::to_string(range.begin) + " to " +
             std::to_string(range.end));
  }

  // Rows, letters and alerts before `offset` that no record took.
  void surplus(int64_t offset) {
    for (; row_ < of_.rows.size() && of_.rows[row_].offset < offset; ++row_)
      ++totals_.unexpected, note(Kind::kUnexpected, of_.rows[row_].offset, nullptr, "a row of no record");
    for (; letter_ < of_.letters.size() && of_.letters[letter_].offset < offset; ++letter_)
      ++totals_.unexpected, note(Kind::kUnexpected, of_.letters[letter_].offset, nullptr, "a dead letter of no record");
    for (; alert_ < of_.alerts.size() && of_.alerts[alert_].offset < offset; ++alert_)
      ++totals_.unexpected, note(Kind::kUnexpected, of_.alerts[alert_].offset, nullptr, "an alert of no record");
  }

  void note(Kind kind, int64_t offset, const LogRecord* record, std::string what) {
    if (findings_.size() >= findings_max_) return;
    findings_.push_back(
        {kind, of_.topic, of_.partition, offset, record && record->identity.has_event_id ? to_string(record->identity.event_id) : "", std::move(what)});
  }

  const Partition& of_;
  size_t findings_max_;
  std::vector<Finding>& findings_;
  Totals totals_;
  size_t row_ = 0, letter_ = 0, range_ = 0, alert_ = 0;
  uint64_t taken_ = 0;  // of that range
};

}  // namespace

const char* name(Kind kind) {
  constexpr const char* kNames[] = {"missing", "doubled", "differing", "unexpected"};
  return kNames[static_cast<size_t>(kind)];
}

void Totals::add(const Totals& other) {
  left_out += other.left_out, alerts += other.alerts;
  records += other.records, rows += other.rows, dead_letters += other.dead_letters;
  readable_dead_letters += other.readable_dead_letters;
  missing += other.missing, doubled += other.doubled, differing += other.differing, unexpected += other.unexpected;
}

Totals compare(const Partition& partition, size_t findings_max, std::vector<Finding>& findings) { return Comparison(partition, findings_max, findings).run(); }

}  // namespace millrace::audit
