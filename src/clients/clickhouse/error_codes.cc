#include "clients/clickhouse/error_codes.h"

namespace millrace::clickhouse {
namespace {

struct Advice {
  const char* name;
  Retry retry;
  const char* what_to_do;
};

Advice advice(Trouble trouble) {
  switch (trouble) {
    case Trouble::kUnreachable: return {"unreachable", Retry::kTransient, "is the server up, and clickhouse.url right?"};
    case Trouble::kTimeout: return {"timeout", Retry::kUnknown, "the server is too slow or overloaded"};
    case Trouble::kPastDeadline:
      return {"past_deadline", Retry::kTransient, "the insert came after its term: a slow network or server, or a clock that is wrong"};
    case Trouble::kTooManyParts:
      return {"too_many_parts", Retry::kTransient, "longer epochs make fewer parts: raise epoch.linger_ms; see system.parts and system.merges"};
    case Trouble::kMissingTable: return {"missing_table", Retry::kPermanent, "make it with `millrace tables apply`"};
    case Trouble::kWrongColumns:
      return {"wrong_columns", Retry::kPermanent, "the table isn't the one of the schema: `millrace tables plan` shows the difference"};
    case Trouble::kAuthentication:
      return {"authentication", Retry::kPermanent, "set clickhouse.user and clickhouse.password, or GRANT what the message asks for"};
    case Trouble::kQuota: return {"quota", Retry::kPermanent, "ALTER QUOTA for this user, or wait for its interval: see system.quota_usage"};
    case Trouble::kMemory: return {"memory", Retry::kTransient, "the server is out of memory: raise max_memory_usage or lower epoch.bytes_max"};
    case Trouble::kDisk: return {"disk", Retry::kTransient, "free space on the server's disk: see system.disks"};
    case Trouble::kReadOnly: return {"read_only", Retry::kPermanent, "the table or the user is read-only: SYSTEM RESTORE REPLICA, or another user"};
    case Trouble::kBusy: return {"busy", Retry::kTransient, "too many queries at once, or this one is still running"};
    case Trouble::kKeeper: return {"keeper", Retry::kUnknown, "ClickHouse Keeper didn't answer: see system.zookeeper_connection"};
    case Trouble::kOther: break;
  }
  return {"other", Retry::kUnknown, ""};
}

}  // namespace

Trouble trouble_of(int code, std::string_view message) {
  switch (code) {
    case 0: return Trouble::kUnreachable;
    case 159:
    case 160:
    case 209:
    case 210: return Trouble::kTimeout;
    case 395: return Trouble::kPastDeadline;
    case 252: return Trouble::kTooManyParts;
    case 60:
    case 81: return Trouble::kMissingTable;
    case 6:
    case 8:
    case 10:
    case 16:
    case 26:
    case 27:
    case 44:
    case 47:
    case 50:
    case 53:
    case 70:
    case 117: return Trouble::kWrongColumns;
    case 192:
    case 193:
    case 194:
    case 497:
    case 516: return Trouble::kAuthentication;
    case 201: return Trouble::kQuota;
    case 173:
    case 241: return Trouble::kMemory;
    case 243: return Trouble::kDisk;
    case 164:
    case 242: return Trouble::kReadOnly;
    case 202:
    case 203:
    case 216:
    case 425:
    case 473: return Trouble::kBusy;
    case 225:
    case 285:
    case 286:
    case 319:
    case 999: return Trouble::kKeeper;
    default: break;
  }
  return message.find("No space left on device") != message.npos ? Trouble::kDisk : Trouble::kOther;
}

const char* name(Trouble trouble) { return advice(trouble).name; }

bool server_is_ill(int code, std::string_view message) {
  if (code == 242 || code == 202 || code == 210) return true;
  const Trouble trouble = trouble_of(code, message);
  return trouble == Trouble::kKeeper || trouble == Trouble::kDisk;
}

Error error_of(int code, int http_status, std::string_view server_message, std::string_view what) {
  // Without an exception code it was not ClickHouse that answered, or not a query that failed.
  const Trouble trouble = code != 0 ? trouble_of(code, server_message) : Trouble::kOther;
  const Advice known = advice(trouble);
  Error error{known.retry, code != 0 ? code : http_status, std::string(what) + ": "};
  if (trouble == Trouble::kOther && http_status >= 400 && http_status < 500) error.retry = Retry::kPermanent;
  const std::string_view line = server_message.substr(0, server_message.find('\n'));
  error.message += line.empty() ? "HTTP status " + std::to_string(http_status) : std::string(line.substr(0, 1000));
  if (*known.what_to_do) error.message += std::string(": ") + known.what_to_do;
  return error;
}

}  // namespace millrace::clickhouse
