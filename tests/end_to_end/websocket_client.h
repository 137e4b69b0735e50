// WebSocketClient: one WebSocket peer over a real socket, made by hand from RFC 6455 without any
// library, so that it can also do what no library would.
//
// It never blocks in a system call: what it sends waits for the kernel with a watchdog and goes on
// reading meanwhile, unless it was told to stop. It does nothing by itself: pings and close frames
// are answered by the test. Reading throws Violation for what no server may send: masked,
// non-minimal or wrongly fragmented frames, and anything behind a close frame.
//
// On a failing test the destructor prints the client's transcript.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/descriptor.h"
#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/shutdown_report.h"

namespace lastword::end_to_end {

// RFC 6455, section 5.2.
enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA,
};

struct Frame {
  Opcode opcode = Opcode::text;
  std::string payload;
  friend bool operator==(const Frame&, const Frame&) = default;
};
void PrintTo(const Frame& frame, std::ostream* out);

// How a frame is written; what deviates from the default is mostly wrong.
struct FrameForm {
  bool is_final = true;
  bool is_masked = true;
  std::uint8_t reserved_bits = 0;                      // RSV1 is 4, RSV2 is 2, RSV3 is 1
  std::size_t length_bytes_min = 1;                    // of the length: 1, 3 or 9
  std::optional<std::uint64_t> length = std::nullopt;  // declared, where it is not the real one
};
[[nodiscard]] std::string frame_bytes(const Frame& frame, const FrameForm& form = {});
[[nodiscard]] std::string text_bytes(std::string_view text);
// The payload of a close frame.
[[nodiscard]] std::string close_payload(int code, std::string_view reason = "");

// An HTTP request as it goes out. Fields are replaced by name; an empty value leaves one out.
struct Request {
  std::string line = "GET / HTTP/1.1";
  std::vector<std::pair<std::string, std::string>> fields = {};
};
[[nodiscard]] std::string request_bytes(const Request& request);
// The one that opens a WebSocket at the endpoint, with other fields where they are named.
[[nodiscard]] Request handshake(
    const Endpoint& endpoint, const std::vector<std::pair<std::string, std::string>>& fields = {});

struct Response {
  int status = 0;
  std::map<std::string, std::string> fields;  // by their names in lower case
  std::string body;
  // Empty where there is none.
  [[nodiscard]] std::string field(const std::string& name) const;
};

class WebSocketClient {
 public:
  // The TCP connection only.
  explicit WebSocketClient(const Endpoint& endpoint, const ClientOptions& options = {});
  WebSocketClient(WebSocketClient&&) noexcept = default;
  WebSocketClient& operator=(WebSocketClient&&) noexcept = default;
  ~WebSocketClient();

  // Waits until the kernel has taken everything; the connection may have ended instead.
  void send(std::string_view bytes);
  void send_frame(const Frame& frame, const FrameForm& form = {});
  void send_text(std::string_view text) { send_frame({Opcode::text, std::string(text)}); }
  void send_close(int code);

  // The answer to a request: its head, and its body if it is not that of an upgrade.
  [[nodiscard]] Response read_response();
  // Sends the handshake and expects to be upgraded.
  void open();
  // Reads the answer to the handshake and expects to be upgraded.
  void expect_upgrade();
  // Sends NAME and waits for the answer to a `/ping`: the peer is there when it returns.
  void login(std::string_view name);

  // The next frame of any kind, nothing at the end of the connection.
  [[nodiscard]] std::optional<Frame> read_frame_or_end();
  // Violation if the connection ends first.
  [[nodiscard]] Frame read_frame();
  // The text of the next message that is no information; Violation if anything else comes first.
  [[nodiscard]] std::string read_news();
  // As LineClient's: all news up to the answer to a `/ping`.
  [[nodiscard]] std::vector<std::string> catch_up();
  // All frames up to the end of the connection, however that comes: see ending().
  [[nodiscard]] std::vector<Frame> read_until_end();
  // Reads raw bytes and throws them away, up to the end of the connection.
  void skip_until_end();
  // Reads what has arrived by now.
  void read_what_is_there();

  [[nodiscard]] Ending ending() const { return ending_; }
  void stop_reading() { is_reading_ = false; }
  void start_reading() { is_reading_ = true; }

  // FIN, RST.
  void half_close();
  void reset();
  void close();

  [[nodiscard]] std::string description() const;

 private:
  // Waits until something has arrived; false at the end of the connection.
  bool wait_for_bytes(std::string_view what);
  void end(Ending ending, std::string_view note);
  // Takes a whole frame out of unread_, if there is one.
  [[nodiscard]] std::optional<Frame> take_frame();

  Endpoint endpoint_;
  Descriptor socket_;
  std::string name_;
  bool is_reading_ = true;
  std::string unread_;
  Ending ending_ = Ending::open;
  bool has_read_close_ = false;
  std::size_t ping_count_ = 0;
  Transcript transcript_;
};

// A WebSocket peer that has logged in.
[[nodiscard]] WebSocketClient websocket_peer(const ServerProcess& server, std::string_view name,
                                             const ClientOptions& options = {});

// Reads up to the close frame, which must have this code. Returns the news that came first.
std::vector<std::string> read_close(WebSocketClient& client, int code);
// Expects the end of file, and nothing before it, and closes.
void expect_end(WebSocketClient& client);
// The server closes: reads up to its close frame, answers it, and expects the end.
std::vector<std::string> expect_close(WebSocketClient& client, int code);
// The server gives up, and need not look for an answer in what still comes: so a FIN follows it.
std::vector<std::string> expect_failure(WebSocketClient& client, int code);
// The client closes, with 1000, having read everything.
void leave(WebSocketClient& client);
// As expect_goodbye for a LineClient: the goodbye is the last message, then 1001 and the end.
std::int64_t expect_goodbye(WebSocketClient& client);

}  // namespace lastword::end_to_end
