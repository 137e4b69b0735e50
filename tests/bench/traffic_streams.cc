// Traffic's streams: what is sent when, and what must arrive. traffic.h

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "decimal.h"
#include "traffic.h"

namespace lastword::bench {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t sequence_digits = 10;
constexpr std::size_t sender_digits = 5;  // as in "from s00007"

// The open loop looks at what has arrived after so many messages at the latest, however far it is
// behind.
constexpr int due_messages_per_turn_max = 64;

// As far ahead of its first message the open loop begins.
constexpr std::chrono::milliseconds lead{1};

void append_sequence(std::string& output, std::uint64_t sequence) {
  std::array<char, sequence_digits> digits;
  for (std::size_t i = sequence_digits; i > 0; --i) {
    digits[i - 1] = static_cast<char>('0' + sequence % 10);
    sequence /= 10;
  }
  output.append(digits.data(), digits.size());
}

std::optional<std::uint64_t> sender_number_of(std::string_view delivered) {
  return parse_number(delivered.substr(delivery_start.size(), sender_digits));
}

std::size_t index_of(StreamIndex stream) { return static_cast<std::size_t>(stream); }

// What falls on one of several streams that share messages in turn.
std::uint64_t share_of(std::uint64_t messages, std::uint32_t position, std::uint32_t count) {
  return messages / count + (position < messages % count ? 1 : 0);
}

}  // namespace

StreamIndex Traffic::add_stream(const StreamPlan& plan) {
  // "HEAD0123456789LF" (in ws without the LF) is the shortest delivered line that can be checked.
  const std::size_t size_min = plan.delivered_head.size() + sequence_digits + 1;
  Stream stream;
  stream.plan = plan;
  if (plan.delivered_size == 0) stream.plan.delivered_size = options_.delivered_size;
  if (plan.window == 0) stream.plan.window = options_.window;
  if (stream.plan.delivered_size < size_min) {
    throw LoadFailure("a delivered line must have at least " + std::to_string(size_min) +
                      " bytes in this mode");
  }
  const auto number = sender_number_of(plan.delivered_head);
  if (!number) throw LoadFailure("no sender's number in \"" + plan.delivered_head + "\"");
  stream.sender_number = *number;
  stream.padding.assign(stream.plan.delivered_size - size_min, '.');
  stream.missing.resize(stream.plan.window);
  streams_.push_back(std::move(stream));
  return static_cast<StreamIndex>(streams_.size() - 1);
}

void Traffic::subscribe(ConnectionIndex receiver, StreamRange streams) {
  at(receiver).subscription = streams;
  at(receiver).next_sequence.assign(streams.count, 0);
}

StreamRange Traffic::all_streams() const {
  return {.first = StreamIndex{0}, .count = static_cast<std::uint32_t>(streams_.size())};
}

// --- Closed loop -------------------------------------------------------------------------------

void Traffic::run(StreamRange streams, std::uint64_t messages) {
  for (std::uint32_t i = 0; i < streams.count; ++i) {
    send(static_cast<StreamIndex>(index_of(streams.first) + i),
         share_of(messages, i, streams.count));
  }
  while (deliveries_awaited_ > 0) turn();
}

void Traffic::send(StreamIndex index, std::uint64_t messages) {
  expect(at(index), messages);
  fill_window(index);
}

void Traffic::expect(Stream& stream, std::uint64_t messages) {
  const std::uint64_t deliveries = messages * stream.plan.receiver_count;
  stream.goal += messages;
  deliveries_expected_ += deliveries;
  if (!stream.plan.is_background) deliveries_awaited_ += deliveries;
}

void Traffic::await_arrivals() {
  while (progress_.deliveries < deliveries_expected_) turn();
}

void Traffic::complete_one(StreamIndex index, std::uint64_t sequence) {
  Stream& stream = at(index);
  std::uint32_t& missing = stream.missing[sequence % stream.plan.window];
  if (--missing > 0) return;
  ++stream.completed;
  if (stream.sent == stream.goal || std::exchange(stream.is_ready, true)) return;
  ready_.push_back(index);
}

void Traffic::fill_window(StreamIndex index) {
  Stream& stream = at(index);
  stream.is_ready = false;
  while (stream.sent < stream.goal && stream.sent - stream.completed < stream.plan.window) {
    stream.missing[stream.sent % stream.plan.window] = stream.plan.receiver_count;
    put_message(stream);
  }
  mark_changed(stream.plan.sender);
}

void Traffic::put_message(Stream& stream) {
  Connection& sender = at(stream.plan.sender);
  std::string& output = sender.output;
  sender.wire.begin_message(output, {.destinations = stream.plan.destinations,
                                     .delivered_head = stream.plan.delivered_head,
                                     .text_size = sequence_digits + stream.padding.size()});
  append_sequence(output, stream.sent);
  output.append(stream.padding);
  sender.wire.end_message(output);
  ++stream.sent;
  ++progress_.messages;
}

// --- Open loop ---------------------------------------------------------------------------------

bool Traffic::Schedule::covers(StreamIndex stream) const {
  return is_on() && index_of(stream) - index_of(pace.streams.first) < pace.streams.count;
}

steady_clock::time_point Traffic::Schedule::due(std::uint64_t message) const {
  constexpr std::uint64_t second_ns = 1'000'000'000;
  const std::uint64_t seconds = message / pace.per_second;
  const std::uint64_t rest_ns = message % pace.per_second * second_ns / pace.per_second;
  return start + nanoseconds(static_cast<nanoseconds::rep>(seconds * second_ns + rest_ns));
}

void Traffic::Schedule::record(StreamIndex stream, std::uint64_t sequence) {
  const std::size_t position = index_of(stream) - index_of(pace.streams.first);
  const std::uint64_t message =
      (sequence - first_sequences[position]) * pace.streams.count + position;
  latencies->delivery.record(arrived_at - due(message));
}

void Traffic::run_at_rate(const Pace& pace, Latencies& latencies) {
  prctl(PR_SET_TIMERSLACK, 1UL);  // by default, Linux may let us sleep 50 us longer
  schedule_ = {.pace = pace,
               .start = steady_clock::now() + lead,
               .first_sequences = {},
               .latencies = &latencies,
               .arrived_at = {}};
  latencies.planned = schedule_.due(pace.messages) - schedule_.start;
  for (std::uint32_t i = 0; i < pace.streams.count; ++i) {
    Stream& stream = streams_[index_of(pace.streams.first) + i];
    schedule_.first_sequences.push_back(stream.sent);
    expect(stream, share_of(pace.messages, i, pace.streams.count));
  }
  for (std::uint64_t next = 0; next < pace.messages;) {
    next = send_what_is_due(next);
    if (next == pace.messages) break;
    const auto left = std::max(schedule_.due(next) - steady_clock::now(), nanoseconds{});
    turn_within(pace.pacing == Pacing::spin ? nanoseconds{} : left);
  }
  while (deliveries_awaited_ > 0) turn();
  schedule_.latencies = nullptr;
  for (std::uint32_t i = 0; i < pace.streams.count; ++i) {
    Stream& stream = streams_[index_of(pace.streams.first) + i];
    stream.completed = stream.sent;
  }
}

std::uint64_t Traffic::send_what_is_due(std::uint64_t next) {
  const Pace& pace = schedule_.pace;
  auto now = steady_clock::now();
  for (int count = 0; count < due_messages_per_turn_max && next < pace.messages; ++count) {
    const auto due = schedule_.due(next);
    if (due > now) break;
    Stream& stream = streams_[index_of(pace.streams.first) + next % pace.streams.count];
    put_message(stream);
    write(stream.plan.sender);
    now = steady_clock::now();
    schedule_.latencies->behind.record(now - due);
    ++next;
  }
  return next;
}

// --- What arrives ------------------------------------------------------------------------------

void Traffic::take_delivery(ConnectionIndex index, std::string_view line) {
  Connection& connection = at(index);
  const StreamRange& subscription = connection.subscription;
  const auto number = sender_number_of(line);
  const std::uint64_t first_number =
      subscription.count == 0 ? 0 : at(subscription.first).sender_number;
  if (!number || *number < first_number || *number - first_number >= subscription.count) {
    fail(index, "got what was for somebody else: " + std::string(line));
  }
  const std::uint64_t position = *number - first_number;
  const auto stream_index = static_cast<StreamIndex>(index_of(subscription.first) + position);
  Stream& stream = at(stream_index);
  if (stream.plan.sender == index) fail(index, "got its own message: " + std::string(line));
  const std::size_t head_size = stream.plan.delivered_head.size();
  // The padding fills a line of the right size from the sequence number to its end.
  const bool is_whole = line.size() + 1 == stream.plan.delivered_size &&
                        line.starts_with(stream.plan.delivered_head) &&
                        line.ends_with(stream.padding);
  const auto sequence =
      is_whole ? parse_number(line.substr(head_size, sequence_digits)) : std::nullopt;
  if (!sequence) fail(index, "got a message with wrong bytes: " + std::string(line));

  std::uint64_t& next = connection.next_sequence[position];
  if (*sequence != next || *sequence >= stream.sent) {
    const char* what = *sequence < next ? "repeated" : "lost";
    fail(index, std::string("a message was ") + what + ": awaited number " + std::to_string(next) +
                    ", got: " + std::string(line));
  }
  ++next;
  ++progress_.deliveries;
  if (!stream.plan.is_background) --deliveries_awaited_;
  if (schedule_.covers(stream_index)) return schedule_.record(stream_index, *sequence);
  complete_one(stream_index, *sequence);
}

}  // namespace lastword::bench
