#include "tests/end_to_end/real_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <ostream>
#include <system_error>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

constexpr std::size_t record_bytes_max = 160;  // of one entry
constexpr std::size_t who_width = 18;

// Cut where a character begins.
std::string shortened(std::string_view text) {
  if (text.size() <= record_bytes_max) return std::string(text);
  std::size_t size = record_bytes_max;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  return std::string(text.substr(0, size)) + "... (" + std::to_string(text.size()) + " bytes)";
}

std::string current_test() {
  const ::testing::TestInfo* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string(test->test_suite_name()) + "." + test->name();
  std::ranges::replace(name, '/', '.');
  return name;
}

std::string driver(std::string_view file) {
  return std::string(LASTWORD_CLIENTS_FOLDER "/") + std::string(file);
}

Command command_of(ClientKind kind, const TemporaryFolder& folder) {
  Command command{.has_input = true, .has_group_of_its_own = true};
  switch (kind) {
    case ClientKind::node:
      command.binary = program_in_path("node", "nodejs");
      command.arguments = {driver("ws.cjs")};
      break;
    case ClientKind::python:
      // Debian's own, which sees Debian's modules; another one may come first in PATH.
      command.binary = "/usr/bin/python3";
      command.arguments = {driver("python_client.py")};
      break;
    case ClientKind::chromium:
      command.binary = program_in_path("node", "nodejs");
      command.arguments = {driver("browser.cjs")};
      break;
  }
  // Debian's Node looks for Debian's modules by itself, others have to be told. What a browser
  // leaves behind is to go with the folder.
  command.environment = {"NODE_PATH=/usr/share/nodejs", "PYTHONDONTWRITEBYTECODE=1"};
  for (const char* name : {"HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"}) {
    command.environment.push_back(std::string(name) + "=" + folder.path());
  }
  return command;
}

// `word rest`
bool is_event(std::string_view event, std::string_view word) {
  return event.starts_with(word) && (event.size() == word.size() || event[word.size()] == ' ');
}

std::string authority(const Endpoint& endpoint) {
  return endpoint.host + ":" + std::to_string(endpoint.port) + "/";
}

}  // namespace

ConversationRecord::~ConversationRecord() {
  if (const char* const folder = std::getenv("LASTWORD_TRANSCRIPTS"); folder != nullptr) {
    std::filesystem::create_directories(folder);
    std::ofstream(std::filesystem::path(folder) / (current_test() + ".txt")) << text_;
  }
  if (std::uncaught_exceptions() == 0 && !::testing::Test::HasFailure()) return;
  std::cerr << "--- the conversation:\n" << text_ << "---\n";
}

void ConversationRecord::add(std::string_view who, char mark, std::string_view text) {
  std::string entry(who);
  entry.resize(std::max(who_width, who.size()), ' ');
  text_ += entry + " " + mark + " " + shortened(text) + "\n";
}

TemporaryFolder::TemporaryFolder()
    : path_(std::filesystem::temp_directory_path() / "lastword-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "mkdtemp");
  }
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // a process that was killed a moment ago may still be at it
  std::filesystem::remove_all(path_, ignored);
}

void PrintTo(ClientKind kind, std::ostream* out) { *out << to_string(kind); }

std::string to_string(ClientKind kind) {
  switch (kind) {
    case ClientKind::node:
      return "node";
    case ClientKind::python:
      return "python";
    case ClientKind::chromium:
      return "chromium";
  }
  return "";
}

RealClient::RealClient(ClientKind kind, std::string_view name, ConversationRecord& record)
    : kind_(kind), name_(name), record_(record), process_(command_of(kind, folder_)) {
  const std::string event = read_event();
  if (is_event(event, "ready")) return;
  constexpr std::string_view missing = "missing ";
  if (!event.starts_with(missing)) throw Violation(event);
  throw Violation("install the Debian package " + event.substr(missing.size()) +
                  " (`sh .ci/install.sh test` does)");
}

void RealClient::command(std::string_view line) {
  constexpr std::string_view send = "send ";
  record_.add(name_ + " (" + to_string(kind_) + ")", line.starts_with(send) ? '>' : '=',
              line.starts_with(send) ? line.substr(send.size()) : line);
  process_.write_input(std::string(line) + "\n");
}

std::string RealClient::read_event() {
  std::optional<std::string> event = process_.read_output_line();
  if (!event.has_value()) {
    throw Violation("the client " + to_string(kind_) +
                    " has ended: " + to_string(process_.wait_for_exit()) +
                    "; its standard error:\n" + process_.standard_error());
  }
  constexpr std::string_view text = "message text ";
  constexpr std::string_view message = "message ";
  const bool is_message = event->starts_with(message);
  const std::size_t prefix = event->starts_with(text) ? text.size() : message.size();
  record_.add(name_ + " (" + to_string(kind_) + ")", is_message ? '<' : '=',
              is_message ? event->substr(prefix) : *event);
  return *std::move(event);
}

std::string RealClient::read_news() {
  for (;;) {
    std::string event = read_event();
    if (!event.starts_with("message text * ")) return event;
  }
}

void RealClient::visit(const std::string& url) {
  command("page " + url);
  const std::string event = read_event();
  if (!event.starts_with("page 200 ")) throw Violation("no page: " + event);
}

void RealClient::request(const std::string& url, Offer offer) {
  command((offer == Offer::compression ? "open-deflate " : "open ") + url);
}

std::string RealClient::open(const ServerProcess& server, Offer offer) {
  if (kind_ == ClientKind::chromium) visit(page_url(server));
  request(websocket_url(server), offer);
  const std::string event = read_event();
  if (!is_event(event, "open")) throw Violation("not open: " + event);
  return event == "open" ? "" : event.substr(std::string_view("open ").size());
}

void RealClient::login() {
  send(name_);
  send("/ping in");
  std::string event = read_event();
  while (event != "message text * pong in") {
    if (!event.starts_with("message text * ")) throw Violation("no login: " + event);
    event = read_event();
  }
}

void RealClient::finish() {
  process_.close_input();
  EXPECT_EQ(process_.wait_for_exit(), (ExitStatus{.code = 0})) << process_.standard_error();
}

Netcat::Netcat(const ServerProcess& server, std::string_view name, ConversationRecord& record)
    : name_(name),
      record_(record),
      process_({.binary = program_in_path("nc", "netcat-openbsd"),
                .arguments = {server.tcp().host, std::to_string(server.tcp().port)},
                .has_input = true}) {
  send(name);
  send("/ping in");
  std::string line = read_line();
  while (line != "* pong in") {
    if (!is_information(line)) throw Violation("no login: " + line);
    line = read_line();
  }
}

void Netcat::send(std::string_view line) {
  record_.add(name_ + " (nc)", '>', line);
  process_.write_input(std::string(line) + "\n");
}

std::string Netcat::read_line() {
  std::optional<std::string> line = process_.read_output_line();
  if (!line.has_value()) throw Violation("no line, but the end, for nc");
  record_.add(name_ + " (nc)", '<', *line);
  return *std::move(line);
}

std::string Netcat::read_news() {
  for (;;) {
    std::string line = read_line();
    if (!is_information(line)) return line;
  }
}

void Netcat::finish() {
  // It ends, and closes its side, when both its input and the connection are at their end.
  process_.close_input();
  EXPECT_EQ(process_.read_output_line(), std::nullopt);
  record_.add(name_ + " (nc)", '=', "end of file");
  EXPECT_EQ(process_.wait_for_exit(), (ExitStatus{.code = 0})) << process_.standard_error();
}

std::string page_url(const ServerProcess& server) { return "http://" + authority(server.ws()); }

std::string websocket_url(const ServerProcess& server) { return "ws://" + authority(server.ws()); }

}  // namespace lastword::end_to_end
