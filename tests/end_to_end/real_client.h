// RealClient: somebody else's WebSocket client, as a process that is told by lines what to do
// (clients/README.md). Netcat: somebody else's client of the line protocol.
//
// What they send and receive goes into one ConversationRecord, in the order in which the test saw
// it. The environment's LASTWORD_TRANSCRIPTS names a folder in which it is kept, a file for each
// test; a failing test prints it.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "tests/end_to_end/process.h"
#include "tests/end_to_end/server_process.h"

namespace lastword::end_to_end {

// `alice (node)  > bob: hello`: what is sent (>), what is received (<), and states (=).
class ConversationRecord {
 public:
  ConversationRecord() = default;
  ConversationRecord(const ConversationRecord&) = delete;
  ConversationRecord& operator=(const ConversationRecord&) = delete;
  ~ConversationRecord();

  void add(std::string_view who, char mark, std::string_view text);

 private:
  std::string text_;
};

// A folder of its own below the system's for temporary files, gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

enum class ClientKind { node, python, chromium };
[[nodiscard]] std::string to_string(ClientKind kind);
void PrintTo(ClientKind kind, std::ostream* out);

enum class Offer { nothing, compression };

class RealClient {
 public:
  // Violation, naming the Debian package, where the client is not installed.
  RealClient(ClientKind kind, std::string_view name, ConversationRecord& record);

  // Any command, and the next event.
  void command(std::string_view line);
  [[nodiscard]] std::string read_event();
  // The next event that is no information of the server.
  [[nodiscard]] std::string read_news();

  // Only the browser: goes to this page and expects it to be there.
  void visit(const std::string& url);
  // Asks for a WebSocket, the browser from the page where it is; the answer is the next event.
  void request(const std::string& url, Offer offer = Offer::nothing);
  // Opens a WebSocket, the browser from the server's own page, and returns the extensions.
  std::string open(const ServerProcess& server, Offer offer = Offer::nothing);
  void send(std::string_view text) { command("send " + std::string(text)); }
  // Sends its name and waits for the answer to a `/ping`.
  void login();
  // Expects the client to be fine, and ends it.
  void finish();

 private:
  ClientKind kind_;
  std::string name_;
  ConversationRecord& record_;
  TemporaryFolder folder_;
  Process process_;
};

class Netcat {
 public:
  // Connected to the line protocol's port and logged in.
  Netcat(const ServerProcess& server, std::string_view name, ConversationRecord& record);

  void send(std::string_view line);
  // Violation at the end of the connection.
  [[nodiscard]] std::string read_line();
  [[nodiscard]] std::string read_news();
  // Expects nothing but the end of the connection, which the server has to begin.
  void finish();

 private:
  std::string name_;
  ConversationRecord& record_;
  Process process_;
};

// The addresses of the server for a browser.
[[nodiscard]] std::string page_url(const ServerProcess& server);
[[nodiscard]] std::string websocket_url(const ServerProcess& server);

}  // namespace lastword::end_to_end
