#include "tests/end_to_end/client_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <exception>
#include <iostream>
#include <ostream>
#include <sstream>
#include <system_error>
#include <utility>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

constexpr int error_pipe_bytes = 1 << 20;  // the most that everybody may ask for (pipe(7))

void set_non_blocking(const Descriptor& descriptor) {
  if (::fcntl(descriptor.number(), F_SETFL, O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "fcntl");
  }
}

Command connect_command(const std::string& url, const std::string& name,
                        const ConnectOptions& options) {
  Command command{.binary = lastword_binary(),
                  .arguments = {"connect", url, "--name", name},
                  .environment = {"TZ=UTC"}};  // as in the server's log
  command.arguments.insert(command.arguments.end(), options.arguments.begin(),
                           options.arguments.end());
  return command;
}

// What there is; false at the end.
bool read_into(std::string& text, const Descriptor& descriptor) {
  std::array<char, 65'536> bytes;  // not cleared for each read
  const ssize_t count = ::read(descriptor.number(), bytes.data(), bytes.size());
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  text.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace

std::string to_string(Transport transport) { return transport == Transport::lines ? "tcp" : "ws"; }

void PrintTo(Transport transport, std::ostream* out) { *out << to_string(transport); }

std::string url_of(Transport transport, const Endpoint& endpoint) {
  const std::string authority = endpoint.host + ":" + std::to_string(endpoint.port);
  return transport == Transport::lines ? "tcp://" + authority : "ws://" + authority + "/";
}

std::string url_of(Transport transport, const ServerProcess& server) {
  return url_of(transport, transport == Transport::lines ? server.tcp() : server.ws());
}

Pipe::Pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  reader = Descriptor(ends[0]);
  writer = Descriptor(ends[1]);
}

ClientProcess::ClientProcess(const std::string& url, const std::string& name,
                             const ConnectOptions& options)
    : ClientProcess(url, name, options, Pipes{}) {}

ClientProcess::ClientProcess(const std::string& url, const std::string& name,
                             const ConnectOptions& options, Pipes pipes)
    : name_(name),
      input_(std::move(pipes.input.writer)),
      output_(std::move(pipes.output.reader)),
      error_(std::move(pipes.error.reader)),
      process_([&] {
        Command command = connect_command(url, name, options);
        command.input = options.input >= 0 ? options.input : pipes.input.reader.number();
        command.output = options.output >= 0 ? options.output : pipes.output.writer.number();
        if (!options.is_error_a_file) command.error = pipes.error.writer.number();
        ::fcntl(pipes.error.writer.number(), F_SETPIPE_SZ, error_pipe_bytes);
        return command;
      }()) {
  // Writing to a client that is gone is an error to be looked at, and no reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  for (const Descriptor* const descriptor : {&input_, &output_, &error_}) {
    set_non_blocking(*descriptor);
  }
  if (options.input >= 0) input_.close();
  if (options.output >= 0) output_.close();
  if (options.is_error_a_file) error_.close();
}

ClientProcess::~ClientProcess() {
  if (process_.is_running() && std::uncaught_exceptions() == 0) {
    ADD_FAILURE() << "the test left its client " << name_ << " running";
  }
  if (std::uncaught_exceptions() == 0 && !::testing::Test::HasFailure()) return;
  std::cerr << "--- client '" << name_ << "', " << inbox_.size() << " lines unread, "
            << unsaid_bytes() << " bytes unsaid; its standard error:\n"
            << standard_error() << "---\n";
}

// --- Standard input ------------------------------------------------------------------------------

void ClientProcess::say_bytes(std::string_view bytes) {
  if (unsaid_taken_ >= unsaid_.size() / 2) unsaid_.erase(0, std::exchange(unsaid_taken_, 0));
  unsaid_ += bytes;
  write_what_fits();
}

void ClientProcess::end_input() {
  is_input_ending_ = true;
  write_what_fits();
}

void ClientProcess::write_what_fits() {
  while (input_.is_open() && unsaid_bytes() > 0) {
    const ssize_t count = ::write(input_.number(), unsaid_.data() + unsaid_taken_, unsaid_bytes());
    if (count > 0) {
      unsaid_taken_ += static_cast<std::size_t>(count);
    } else if (errno == EPIPE) {
      input_.close();  // it takes no more
    } else {
      return;
    }
  }
  if (is_input_ending_) input_.close();
}

// --- Standard output and standard error ----------------------------------------------------------

std::string ClientProcess::read_line() {
  carry_until({this}, "a line of " + name_ + "'s",
              [this] { return !inbox_.empty() || !output_.is_open(); });
  if (inbox_.empty()) throw Violation("a line was expected of " + name_ + ", which has ended");
  std::string line = std::move(inbox_.front());
  inbox_.pop_front();
  return line;
}

std::string ClientProcess::read_news() {
  for (;;) {
    std::string line = read_line();
    if (!is_information(line)) return line;
  }
}

std::string ClientProcess::wait_for_status(std::string_view part) {
  std::string line;
  const auto has_come = [&] {
    for (;;) {
      const std::size_t line_end = error_text_.find('\n', error_taken_);
      if (line_end == std::string::npos) return !error_.is_open();
      line = error_text_.substr(error_taken_, line_end - error_taken_);
      error_taken_ = line_end + 1;
      if (line.find(part) != std::string::npos) return true;
      line.clear();
    }
  };
  carry_until({this}, name_ + " to say: " + std::string(part), has_come);
  if (line.empty()) throw Violation(name_ + " ended and did not say: " + std::string(part));
  return std::string(without_time(line));
}

std::string ClientProcess::standard_error() const {
  return error_text_ + process_.standard_error();
}

std::vector<std::string> ClientProcess::statuses() const {
  std::istringstream text(standard_error());
  std::vector<std::string> all;
  for (std::string line; std::getline(text, line);) all.emplace_back(without_time(line));
  return all;
}

void ClientProcess::read_output() {
  std::string text = std::exchange(unfinished_line_, {});
  if (!read_into(text, output_)) output_.close();
  std::size_t taken = 0;
  for (std::size_t line_end = text.find('\n'); line_end != std::string::npos;
       line_end = text.find('\n', taken)) {
    inbox_.push_back(text.substr(taken, line_end - taken));
    taken = line_end + 1;
  }
  unfinished_line_ = text.substr(taken);
}

void ClientProcess::read_error() {
  if (!read_into(error_text_, error_)) error_.close();
}

// --- Its end -------------------------------------------------------------------------------------

ExitStatus ClientProcess::wait_for_exit() {
  carry_until({this}, "the end of client " + name_, [this] { return has_ended(); });
  input_.close();
  return process_.wait_for_exit();
}

ExitStatus ClientProcess::finish() {
  end_input();
  return wait_for_exit();
}

void ClientProcess::add_waits(std::vector<pollfd>& waits) const {
  const auto number_if = [](bool is_wanted, const Descriptor& descriptor) {
    return is_wanted ? descriptor.number() : -1;
  };
  waits.push_back({number_if(unsaid_bytes() > 0, input_), POLLOUT, 0});
  waits.push_back({number_if(is_reading_, output_), POLLIN, 0});
  waits.push_back({error_.number(), POLLIN, 0});
}

void ClientProcess::handle(std::span<const pollfd> ready) {
  if (ready[0].revents != 0) write_what_fits();
  if (ready[1].revents != 0) read_output();
  if (ready[2].revents != 0) read_error();
}

std::string_view without_time(std::string_view status) {
  const bool has_time = !status.empty() && std::isdigit(static_cast<unsigned char>(status[0])) != 0;
  return has_time ? status.substr(status.find(' ') + 1) : status;
}

}  // namespace lastword::end_to_end
