#include "net/standard_input.h"

#include <boost/asio/post.hpp>
#include <span>
#include <utility>

#include "core/check.h"

namespace lastword {

StandardInput::StandardInput(boost::asio::io_context& context, const Options& options,
                             InputHandlers handlers)
    : context_{context},
      options_{options},
      handlers_{std::move(handlers)},
      descriptor_{context, options.descriptor, SharedDescriptor::Direction::input,
                  [this] { turn(); }} {
  LASTWORD_CHECK(handlers_.line && handlers_.too_long && handlers_.ended);
}

void StandardInput::pause() {
  is_paused_ = true;
  descriptor_.cancel();
}

void StandardInput::resume() {
  if (!std::exchange(is_paused_, false) || is_over_) return;
  if (!is_handing_over_) schedule();
}

void StandardInput::schedule() {
  if (std::exchange(is_scheduled_, true)) return;
  boost::asio::post(context_, [this] {
    is_scheduled_ = false;
    turn();
  });
}

void StandardInput::turn() {
  hand_over();  // what a pause kept back
  if (!may_go_on()) return;
  read_once();
  hand_over();
  if (may_go_on()) descriptor_.wait();
}

std::string_view StandardInput::unread() const {
  return std::string_view{held_.data(), held_.size()}.substr(taken_);
}

void StandardInput::hand_over() {
  is_handing_over_ = true;
  while (may_go_on() && hand_over_next()) {
  }
  is_handing_over_ = false;
}

// Whether there may be more at hand.
bool StandardInput::hand_over_next() {
  const std::size_t line_end = unread().find('\n', scanned_);
  if (line_end != std::string_view::npos) {
    hand_over_line(line_end);
    return true;
  }
  hold_unfinished();
  if (!is_at_end_) return false;
  if (is_skipping_ || !unread().empty()) {
    hand_over_line(unread().size());
    return true;
  }
  hand_over_end();
  return false;
}

// Its `size` bytes, and the LF behind them if there is one, are taken before the handler is called:
// that may pause.
void StandardInput::hand_over_line(std::size_t size) {
  const std::string_view line = unread().substr(0, size);
  taken_ += size < unread().size() ? size + 1 : size;
  scanned_ = 0;
  const std::size_t whole_size = std::exchange(skipped_, 0) + size;
  if (std::exchange(is_skipping_, false) || whole_size > options_.line_max) {
    handlers_.too_long(whole_size);
  } else {
    handlers_.line(line);
  }
}

void StandardInput::hand_over_end() {
  is_over_ = true;
  held_ = {};
  taken_ = scanned_ = 0;
  handlers_.ended(error_);
}

void StandardInput::hold_unfinished() {
  const std::size_t size = unread().size();
  if (is_skipping_ || size > options_.line_max) {
    is_skipping_ = true;
    skipped_ += size;
    taken_ += size;
  }
  scanned_ = unread().size();
}

void StandardInput::read_once() {
  if (is_at_end_) return;
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  const std::size_t kept = held_.size();
  LASTWORD_CHECK(kept <= options_.line_max);
  held_.resize(kept + read_size);
  const SharedDescriptor::Result result = descriptor_.read(std::span{held_}.subspan(kept));
  held_.resize(kept + result.value_or(0));
  if (result && *result > 0) return;
  if (!result && result.error() == SharedDescriptor::would_block) return;
  is_at_end_ = true;
  if (!result) error_ = result.error();
}

}  // namespace lastword
