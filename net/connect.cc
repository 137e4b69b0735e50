#include "net/connect.h"

#include <poll.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/client/client.h"
#include "net/asio_client.h"
#include "net/client_words.h"
#include "net/prompt.h"
#include "net/standard_input.h"
#include "net/standard_output.h"
#include "net/status_lines.h"
#include "net/terminal_text.h"

namespace lastword {

namespace {

using client::Event;
using client::Given;
using client::State;

// Input, network and output are held together here and wait for nobody but each other's room:
//
//   standard input --> client --> server --> client --> standard output
//
// One line at most waits here, because the client had no room for it; the input is paused then.
class Connection {
 public:
  explicit Connection(const ConnectOptions& options);

  int run();

 private:
  [[nodiscard]] InputHandlers input_handlers();
  void take_input(std::string_view line);
  void refuse_input(std::size_t size);
  void end_input(std::error_code error);
  void pause_input();
  void resume_input();
  void output_failed(std::error_code error);
  void await_signal();
  void stop();
  void end();

  void turned();
  void give_what_waits();
  void show_lines();
  void tell_events();
  void tell(const Event& event);
  void show_prompt(State state);
  void say_last(const std::string& text);
  [[nodiscard]] bool is_done() const;

  boost::asio::io_context context_;
  client::Config config_;
  StatusLines status_;
  StandardOutput output_;
  Client client_;
  AsioClient network_;
  boost::asio::signal_set signals_;
  std::optional<StandardInput> input_;  // this one
  std::optional<Prompt> prompt_;        // or that

  std::optional<std::string> waiting_;  // for the client to have room
  std::vector<Event> events_;
  std::optional<Event> gone_;
  std::uint64_t lines_read_ = 0;
  std::uint64_t too_long_ = 0;   // of them, and never given to the client
  std::uint64_t not_given_ = 0;  // for other reasons
  bool is_terminal_ = ::isatty(STDOUT_FILENO) != 0;
  bool has_input_failed_ = false;
  bool has_output_failed_ = false;  // and not because its reader had enough
  bool is_stopping_ = false;
  bool is_stopped_at_once_ = false;
};

Connection::Connection(const ConnectOptions& options)
    : context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO},
      config_{options.config},
      status_{{.is_quiet = options.is_quiet}},
      output_{context_,
              {},
              {.has_room = [this] { network_.wake(); },
               .emptied = [] {},
               .failed = [this](std::error_code error) { output_failed(error); }}},
      client_{options.config, random_seed_for_client()},
      network_{context_, client_, [this] { turned(); }},
      signals_{context_, SIGINT, SIGTERM} {
  if (Prompt::is_possible()) {
    prompt_.emplace(context_, output_, Prompt::Options{.text = config_.name + " (offline)> "},
                    input_handlers());
    status_.use(&*prompt_);
  } else {
    input_.emplace(context_, StandardInput::Options{.line_max = config_.line_max - 1},
                   input_handlers());
  }
  await_signal();
}

int Connection::run() {
  network_.start();
  resume_input();
  while (!is_done()) context_.run_one();
  status_.use(nullptr);
  if (prompt_) prompt_->close();
  while (!output_.is_empty() && !is_stopped_at_once_) context_.run_one();

  if (waiting_) ++not_given_;
  const std::string losses =
      words_for_losses(client_.counts(), {.too_long = too_long_, .unsent = not_given_});
  const bool is_well = client_.has_done_all() && losses.empty() && !has_input_failed_;
  if (is_well && !has_output_failed_) return 0;
  if (gone_ && !client_.has_done_all() && gone_->reason != client::Reason::input_finished) {
    say_last("lastword: " + words_for_end(*gone_, config_));
  }
  if (!losses.empty()) say_last("lastword: " + losses);
  return 1;
}

// Nothing else is to be done any more: a reader who is slow gets time, but not for ever.
void Connection::say_last(const std::string& text) {
  constexpr int patience_ms = 2000;
  pollfd standard_error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  static_cast<void>(::poll(&standard_error, 1, patience_ms));
  status_.write(Gravity::error, text);
}

bool Connection::is_done() const {
  if (is_stopped_at_once_) return client_.is_over();
  return client_.is_over() && !client_.line();
}

// --- Input -------------------------------------------------------------------------------------

InputHandlers Connection::input_handlers() {
  return {.line = [this](std::string_view line) { take_input(line); },
          .too_long = [this](std::size_t size) { refuse_input(size); },
          .ended = [this](std::error_code error) { end_input(error); }};
}

void Connection::take_input(std::string_view line) {
  ++lines_read_;
  switch (client_.give(network_.now(), line)) {
    case Given::taken:
      break;
    case Given::full:
      waiting_ = line;
      pause_input();
      break;
    case Given::too_long:
    case Given::line_break:
      --lines_read_;
      refuse_input(line.size());
      break;
    case Given::closing:  // behind a /quit
      ++not_given_;
      pause_input();
      break;
  }
  network_.wake();
}

void Connection::refuse_input(std::size_t size) {
  ++lines_read_;
  ++too_long_;
  status_.write(Gravity::error, "line " + std::to_string(lines_read_) + " has " +
                                    std::to_string(size) +
                                    " bytes, more than the server takes, and was not sent");
}

void Connection::end_input(std::error_code error) {
  if (error) {
    has_input_failed_ = true;
    status_.write(Gravity::error, "lastword: cannot read standard input: " + error.message());
  }
  is_stopping_ = true;
  client_.finish(network_.now());
  network_.wake();
}

void Connection::pause_input() {
  if (input_) input_->pause();
  if (prompt_) prompt_->pause();
}

void Connection::resume_input() {
  if (input_) input_->resume();
  if (prompt_) prompt_->resume();
}

// --- Output ------------------------------------------------------------------------------------

void Connection::output_failed(std::error_code error) {
  if (error != std::errc::broken_pipe) {
    has_output_failed_ = true;
    status_.write(Gravity::error, "lastword: cannot write standard output: " + error.message());
  }
  end();  // nobody listens any more
}

void Connection::show_lines() {
  while (output_.has_room()) {
    const auto line = client_.line();
    if (!line) return;
    if (prompt_) {
      prompt_->print_above(*line);
    } else {
      // A terminal must not be commanded by other people's words; everybody else gets every byte.
      output_.write((is_terminal_ ? shown_harmlessly(*line) : std::string{*line}).append("\n"));
    }
    client_.take_line(network_.now());
  }
}

// --- Signals -----------------------------------------------------------------------------------

void Connection::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    // What is typed goes first: Ctrl-C is also the way to be rid of that.
    const bool is_for_typed =
        signal == SIGINT && prompt_ && !is_stopping_ && prompt_->interrupted();
    if (!is_for_typed) stop();
    await_signal();
  });
}

// In order; by the second signal, or by one behind the end of the input, at once.
void Connection::stop() {
  if (!is_stopping_) return end();
  is_stopped_at_once_ = true;
  client_.abandon(network_.now());
  network_.wake();
}

// In order, however often.
void Connection::end() {
  pause_input();
  is_stopping_ = true;
  if (!waiting_) client_.finish(network_.now());
  network_.wake();
}

// --- Each turn ---------------------------------------------------------------------------------

void Connection::turned() {
  tell_events();
  show_lines();
  give_what_waits();
}

void Connection::give_what_waits() {
  if (!waiting_ || !client_.has_room()) return;
  if (client_.give(network_.now(), *waiting_) == Given::full) return;
  waiting_.reset();
  if (is_stopping_) {
    client_.finish(network_.now());
  } else {
    resume_input();
  }
}

void Connection::tell_events() {
  static_cast<void>(client_.take_events(events_));
  for (const Event& event : events_) tell(event);
}

void Connection::tell(const Event& event) {
  if (event.kind != Event::Kind::state) {
    const std::string words = words_for_line(event);
    if (!words.empty()) status_.write(Gravity::error, words);
    return;
  }
  if (event.to == State::gone) gone_ = event;
  if (prompt_) show_prompt(event.to);
  const bool is_setback = event.to == State::waiting;
  status_.write(is_setback ? Gravity::warning : Gravity::progress, words_for_state(event, config_));
}

void Connection::show_prompt(State state) {
  prompt_->set_text(config_.name + (state == State::online ? "> " : " (offline)> "));
}

}  // namespace

int connect(const ConnectOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  Connection connection{options};
  return connection.run();
}

}  // namespace lastword
