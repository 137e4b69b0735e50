#include "flood.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace lastword::bench {

using std::chrono::steady_clock;

namespace {

// More than a server reads at once.
constexpr std::size_t chunk_size_min = std::size_t{128} << 10;
constexpr std::size_t read_size = std::size_t{256} << 10;

std::string repeat(const std::string& text, std::size_t count) {
  std::string repeated;
  repeated.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) repeated += text;
  return repeated;
}

[[noreturn]] void fail(const std::string& what) { throw LoadFailure("the flood: " + what); }

[[noreturn]] void fail_with_errno(const std::string& what) {
  fail(what + ": " + std::generic_category().message(errno));
}

}  // namespace

Flood::Flood(FloodPlan plan) : plan_(std::move(plan)), buffer_(read_size, '\0') {
  const std::string head = "from " + plan_.sender_name + ": ";
  if (plan_.delivered_size < head.size() + 2) {
    fail("a delivered line must have at least " + std::to_string(head.size() + 2) + " bytes");
  }
  text_.assign(plan_.delivered_size - head.size() - 1, '.');
  const std::string line = plan_.receiver_name + ": " + text_;
  chunk_lines_ = chunk_size_min / line.size() + 1;
  for (std::size_t i = 0; i < chunk_lines_; ++i) plan_.sender.wire.put_line(chunk_, line);
  thread_ = std::thread([this] {
    try {
      run();
    } catch (...) {
      failure_ = std::current_exception();
    }
  });
}

Flood::~Flood() {
  is_stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

Flood::Outcome Flood::stop() {
  is_stopping_ = true;
  thread_.join();
  if (failure_) std::rethrow_exception(failure_);
  return outcome_;
}

void Flood::run() {
  const sched_param no_priority{};
  sched_setscheduler(0, SCHED_IDLE, &no_priority);
  const auto start = steady_clock::now();
  send_the_first();
  while (!is_stopping_) move(true);
  while (chunk_sent_ > 0 || outcome_.progress.deliveries < outcome_.progress.messages) move(false);
  outcome_.wall = steady_clock::now() - start;
}

// What the first delivery looks like, as bytes, is how all of them must look.
void Flood::send_the_first() {
  std::string output;
  plan_.sender.wire.put_line(output, plan_.receiver_name + ": " + text_);
  for (std::string_view rest = output; !rest.empty();) {
    const ssize_t sent = ::send(plan_.sender.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0) fail_with_errno("send");
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  const std::string expected = "from " + plan_.sender_name + ": " + text_;
  std::string delivery;
  while (true) {
    pollfd readable{.fd = plan_.receiver.socket, .events = POLLIN, .revents = 0};
    const auto patience = std::chrono::milliseconds(plan_.patience);
    if (poll(&readable, 1, static_cast<int>(patience.count())) != 1) fail("nothing arrived");
    const ssize_t received = recv(plan_.receiver.socket, buffer_.data(), buffer_.size(), 0);
    if (received <= 0) fail("the server closed the connection");
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(received));
    delivery += bytes;
    plan_.receiver.wire.feed(bytes);
    const std::optional<Arrival> arrival = plan_.receiver.wire.take();
    if (!arrival) continue;
    if (arrival->kind != Arrival::Kind::line || arrival->payload != expected) {
      fail("got \"" + std::string(arrival->payload) + "\"");
    }
    break;
  }
  delivery_size_ = delivery.size();
  delivered_ = repeat(delivery, read_size / delivery_size_ + 2);
  outcome_.progress = {.messages = 1, .deliveries = 1, .reads = 1};
  outcome_.bytes = delivery_size_;
}

void Flood::move(bool may_begin_a_chunk) {
  const bool has_to_send = may_begin_a_chunk || chunk_sent_ > 0;
  std::array<pollfd, 2> sockets{
      pollfd{.fd = plan_.receiver.socket, .events = POLLIN, .revents = 0},
      pollfd{.fd = has_to_send ? plan_.sender.socket : -1, .events = POLLOUT, .revents = 0}};
  const auto patience = std::chrono::milliseconds(plan_.patience);
  if (poll(sockets.data(), sockets.size(), static_cast<int>(patience.count())) == 0) {
    fail("stalled: " + std::to_string(outcome_.progress.deliveries) + " of " +
         std::to_string(outcome_.progress.messages) + " deliveries arrived");
  }
  if (sockets[0].revents != 0) receive_some();
  if (sockets[1].revents != 0) send_some();
}

void Flood::send_some() {
  if (chunk_sent_ == 0) outcome_.progress.messages += chunk_lines_;
  const std::string_view rest = std::string_view(chunk_).substr(chunk_sent_);
  const ssize_t sent =
      ::send(plan_.sender.socket, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) fail_with_errno("send");
  if (sent > 0) chunk_sent_ += static_cast<std::size_t>(sent);
  if (chunk_sent_ == chunk_.size()) chunk_sent_ = 0;
}

void Flood::receive_some() {
  const ssize_t received =
      recv(plan_.receiver.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (received < 0 && errno == EAGAIN) return;
  if (received < 0) fail_with_errno("recv");
  if (received == 0) fail("the server closed the connection");
  const auto count = static_cast<std::size_t>(received);
  const std::size_t offset = outcome_.bytes % delivery_size_;
  if (std::memcmp(buffer_.data(), delivered_.data() + offset, count) != 0) {
    fail("a message was changed on its way");
  }
  outcome_.bytes += count;
  ++outcome_.progress.reads;
  outcome_.progress.deliveries = outcome_.bytes / delivery_size_;
  if (outcome_.progress.deliveries > outcome_.progress.messages) fail("a message was repeated");
}

}  // namespace lastword::bench
