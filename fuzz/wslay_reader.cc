#include "fuzz/wslay_reader.h"

#include <wslay/wslay.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/oracle.h"

namespace lastword::fuzz {

using websocket::Sender;
using websocket::Violation;
using Kind = Unit::Kind;

namespace {

std::string_view to_text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

Kind kind_of(unsigned opcode) {
  switch (opcode) {
    case WSLAY_TEXT_FRAME:
      return Kind::text;
    case WSLAY_BINARY_FRAME:
      return Kind::binary;
    case WSLAY_CONNECTION_CLOSE:
      return Kind::close;
    case WSLAY_PING:
      return Kind::ping;
    case WSLAY_PONG:
      return Kind::pong;
    default:
      break;
  }
  break_oracle("wslay", "it shows a message with opcode " + std::to_string(opcode));
}

// What wslay's callbacks work on. A frame is handed over for itself: of a close that comes in two
// pieces wslay would leave out the first two bytes of each when it looks at the reason.
class Session {
 public:
  Session(std::string_view stream, const Decoded& decoded)
      : stream_{stream}, starts_{decoded.frame_starts} {}

  std::size_t read(std::uint8_t* to, std::size_t size_max) {
    const auto next = std::upper_bound(starts_.begin(), starts_.end(), at_);
    const std::size_t end = next == starts_.end() ? stream_.size() : *next;
    const std::size_t size = std::min(end - at_, size_max);
    std::copy_n(stream_.begin() + static_cast<std::ptrdiff_t>(at_), size, to);
    at_ += size;
    return size;
  }

  void show(const wslay_event_on_msg_recv_arg& message) {
    Unit unit{.kind = kind_of(message.opcode), .code = message.status_code};
    std::string_view bytes = to_text(message.msg, message.msg_length);
    if (unit.kind == Kind::close && message.status_code != 0) bytes.remove_prefix(2);
    unit.bytes = bytes;
    units_.push_back(unit);
  }

  void refuse(unsigned code) { units_.push_back({.kind = Kind::violation, .code = code}); }

  [[nodiscard]] const Units& units() const { return units_; }

 private:
  std::string_view stream_;
  std::vector<std::size_t> starts_;
  Units units_;
  std::size_t at_ = 0;
};

Session& session_of(void* user_data) { return *static_cast<Session*>(user_data); }

ssize_t on_read(wslay_event_context_ptr context, std::uint8_t* buffer, std::size_t size,
                int /*flags*/, void* user_data) {
  const std::size_t read = session_of(user_data).read(buffer, size);
  if (read > 0) return static_cast<ssize_t>(read);
  wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
  return -1;
}

// Its answers go nowhere.
ssize_t on_write(wslay_event_context_ptr /*context*/, const std::uint8_t* /*bytes*/,
                 std::size_t size, int /*flags*/, void* /*user_data*/) {
  return static_cast<ssize_t>(size);
}

int on_key(wslay_event_context_ptr /*context*/, std::uint8_t* key, std::size_t size,
           void* /*user_data*/) {
  std::fill_n(key, size, std::uint8_t{0});
  return 0;
}

void on_message(wslay_event_context_ptr /*context*/, const wslay_event_on_msg_recv_arg* message,
                void* user_data) {
  session_of(user_data).show(*message);
}

struct Free {
  void operator()(wslay_event_context* context) const { wslay_event_context_free(context); }
};

// --- Allowed differences -------------------------------------------------------------------------

// Whether the stream ends before what wslay wants of its last frame before it judges that.
bool is_before_its_judgement(std::string_view stream, const Decoded& decoded) {
  if (decoded.frame_starts.empty()) return false;
  const std::string_view frame = stream.substr(decoded.frame_starts.back());
  if (frame.size() < 2) return true;
  const unsigned second = static_cast<unsigned char>(frame[1]);
  const unsigned short_length = second % 128;
  std::size_t extra = 0;
  if (short_length == 126) extra = 2;
  if (short_length == 127) extra = 8;
  const std::size_t key = second >= 128 ? 4 : 0;
  const std::size_t header = 2 + extra + key;
  return frame.size() < header + (short_length > 0 ? 1 : 0);
}

bool is_bad_close(const Unit& unit) {
  return unit.kind == Kind::violation && (unit.violation == Violation::bad_close_size ||
                                          unit.violation == Violation::bad_close_code ||
                                          unit.violation == Violation::bad_close_reason);
}

// The payload of a unit that is a control frame; where there is none, of the one that is not whole.
std::size_t control_size(const Unit* unit, std::string_view stream, const Decoded& decoded) {
  if (unit == nullptr) {
    const std::string_view frame = stream.substr(decoded.frame_starts.back());
    const bool is_control = frame.size() >= 2 && static_cast<unsigned char>(frame[0]) % 16 >= 8;
    return is_control ? std::size_t{static_cast<unsigned char>(frame[1])} % 128 : 0;
  }
  if (unit->kind == Kind::ping || unit->kind == Kind::pong) return unit->bytes.size();
  return unit->kind == Kind::close || is_bad_close(*unit) ? decoded.close_payload.size() : 0;
}

// Whether there is a reason that is not UTF-8, as far as it came.
bool is_reason_bad(const Unit* unit, const Decoded& decoded) {
  const std::string_view payload = decoded.close_payload;
  if (payload.size() <= 2) return false;
  if (unit == nullptr) return !may_begin_text(payload.substr(2));
  return is_bad_close(*unit) && !is_text(payload.substr(2));
}

}  // namespace

Units read_with_wslay(std::string_view stream, const FrameRules& rules, const Decoded& decoded) {
  Session session{stream, decoded};
  wslay_event_callbacks callbacks{};
  callbacks.recv_callback = on_read;
  callbacks.send_callback = on_write;
  callbacks.genmask_callback = on_key;
  callbacks.on_msg_recv_callback = on_message;
  wslay_event_context_ptr made = nullptr;
  const int result = rules.sender == Sender::client
                         ? wslay_event_context_server_init(&made, &callbacks, &session)
                         : wslay_event_context_client_init(&made, &callbacks, &session);
  require(result == 0, "wslay", [] { return "there is no memory for it"; });
  const std::unique_ptr<wslay_event_context, Free> context{made};
  wslay_event_config_set_max_recv_msg_length(context.get(), rules.message_max);

  // A header that is against the protocol is an error, all else is an answer.
  const bool is_broken = wslay_event_recv(context.get()) != 0;
  const bool is_over = wslay_event_get_read_enabled(context.get()) == 0;
  if (is_broken) {
    session.refuse(1002);
  } else if (is_over && wslay_event_get_close_received(context.get()) == 0) {
    wslay_event_send(context.get());
    session.refuse(wslay_event_get_status_code_sent(context.get()));
  }
  return session.units();
}

bool is_allowed(const Difference& difference, std::string_view stream, const FrameRules& rules,
                const Decoded& decoded) {
  const auto& [ours, theirs] = difference;
  const bool is_refused = ours != nullptr && ours->kind == Kind::violation;
  if (theirs == nullptr) return is_refused && is_before_its_judgement(stream, decoded);  // later
  if (theirs->kind == Kind::violation) {
    switch (theirs->code) {
      case 1009:  // one limit
        return control_size(ours, stream, decoded) > rules.message_max;
      case 1007:  // reason
        return is_reason_bad(ours, decoded);
      case 1002:  // newer codes
        return ours != nullptr && ours->kind == Kind::close && ours->code >= 1012 &&
               ours->code <= 1014;
      default:
        return false;
    }
  }
  return is_refused && ours->violation == Violation::bad_close_size &&  // half a code
         theirs->kind == Kind::close && theirs->code == 0 && theirs->bytes == decoded.close_payload;
}

}  // namespace lastword::fuzz
