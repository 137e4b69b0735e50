#include "net/standard_output.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "core/check.h"

namespace lastword {

StandardOutput::StandardOutput(boost::asio::io_context& context, const Options& options,
                               Handlers handlers)
    : context_{context},
      pending_max_{options.pending_max},
      handlers_{std::move(handlers)},
      descriptor_{context, options.descriptor, SharedDescriptor::Direction::output,
                  [this] { flush(); }} {
  LASTWORD_CHECK(pending_max_ > 0);
  LASTWORD_CHECK(handlers_.has_room && handlers_.emptied && handlers_.failed);
}

void StandardOutput::write(std::string_view bytes) {
  if (error_ || bytes.empty()) return;
  // The bytes that are out are dropped now and then, so that each is moved at most once.
  if (written_ > pending_.size() / 2) pending_.erase(0, std::exchange(written_, 0));
  pending_.append(bytes);
  if (pending_bytes() >= pending_max_) is_full_ = true;
  schedule();
}

void StandardOutput::schedule() {
  if (std::exchange(is_scheduled_, true)) return;
  boost::asio::post(context_, [this] { flush(); });
}

void StandardOutput::flush() {
  is_scheduled_ = false;
  while (!is_empty()) {
    const SharedDescriptor::Result result =
        descriptor_.write(std::string_view{pending_}.substr(written_));
    if (result) {
      written_ += *result;
    } else if (result.error() == SharedDescriptor::would_block) {
      is_scheduled_ = true;
      descriptor_.wait();
      break;
    } else {
      return fail(result.error());
    }
  }
  if (is_empty()) {
    pending_.clear();
    written_ = 0;
  }
  if (is_full_ && pending_bytes() <= pending_max_ / 2) {
    is_full_ = false;
    handlers_.has_room();
  }
  if (is_empty()) handlers_.emptied();
}

void StandardOutput::fail(std::error_code error) {
  error_ = error;
  pending_ = {};
  written_ = 0;
  is_full_ = false;
  handlers_.failed(error);
}

}  // namespace lastword
