#include "tests/end_to_end/flood.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <optional>
#include <random>
#include <string_view>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

// So much is always waiting to be sent, beyond what the kernel has taken.
constexpr std::size_t unsent_bytes_min = 64 * 1024;

// One client: floods its partner and checks what the partner's flood brings.
class Flooder {
 public:
  Flooder(const ServerProcess& server, std::size_t index, const FloodOptions& options)
      : name_(name_of(index)),
        partner_(name_of(index ^ 1U)),
        text_bytes_max_(options.text_bytes_max),
        random_(options.seed * 1'000'003 + index),
        client_(peer(server, name_)) {}

  [[nodiscard]] LineClient& client() { return client_; }
  [[nodiscard]] std::int64_t received_count() const { return received_count_; }
  [[nodiscard]] std::int64_t reported_count() const { return reported_count_; }
  [[nodiscard]] std::optional<std::int64_t> goodbye() const { return goodbye_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] bool is_done() const { return client_.ending() != Ending::open; }

  void keep_sending() {
    if (is_done() || client_.unsent_bytes() >= unsent_bytes_min) return;
    std::string burst;
    while (burst.size() < unsent_bytes_min) {
      std::uniform_int_distribution<std::size_t> text_bytes(0, text_bytes_max_);
      burst += partner_ + ": " + std::to_string(sent_count_++) + " " +
               std::string(text_bytes(random_), 'x') + "\n";
    }
    client_.send(burst);
  }

  void take_what_came() {
    for (const std::string& line : client_.inbox()) take(line);
    client_.inbox().clear();
    if (!is_done() || client_.descriptor() < 0) return;
    if (client_.ending() == Ending::reset) violations_.push_back(name_ + " was reset");
    if (!client_.unfinished_line().empty()) violations_.push_back(name_ + " got half a line");
    if (!goodbye_.has_value()) violations_.push_back(name_ + " got no goodbye");
    client_.close();
  }

 private:
  static std::string name_of(std::size_t index) { return "peer " + std::to_string(index); }

  void take(std::string_view line) {
    if (goodbye_.has_value()) violations_.push_back(name_ + " got a line after the goodbye");
    const std::string from = "from " + partner_ + ": ";
    if (line.starts_with(from)) {
      take_message(line.substr(from.size()));
    } else if (line.starts_with("! undelivered ")) {
      ++reported_count_;
    } else if (const auto count = goodbye_count(line); count.has_value()) {
      goodbye_ = count;
    } else if (!is_information(line)) {
      violations_.push_back(name_ + " got: " + std::string(line.substr(0, 100)));
    }
  }

  void take_message(std::string_view text) {
    std::int64_t number = -1;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (number != received_count_) {
      violations_.push_back(name_ + " expected message " + std::to_string(received_count_) +
                            " and got " + std::to_string(number));
    }
    received_count_ = number + 1;
  }

  std::string name_;
  std::string partner_;
  std::size_t text_bytes_max_;
  std::mt19937_64 random_;
  LineClient client_;
  std::int64_t sent_count_ = 0;
  std::int64_t received_count_ = 0;
  std::int64_t reported_count_ = 0;
  std::optional<std::int64_t> goodbye_;
  std::vector<std::string> violations_;
};

std::int64_t received_by_all(const std::vector<Flooder>& flooders) {
  std::int64_t count = 0;
  for (const Flooder& flooder : flooders) count += flooder.received_count();
  return count;
}

// What the books have in common when nobody has lost anything.
void compare_books(const std::vector<Flooder>& flooders, FloodResult& result) {
  for (std::size_t index = 0; index < flooders.size(); ++index) {
    const Flooder& sender = flooders[index];
    const Flooder& addressee = flooders[index ^ 1U];
    result.violations.insert(result.violations.end(), sender.violations().begin(),
                             sender.violations().end());
    result.received += sender.received_count();
    result.reported_failed += sender.reported_count();
    result.goodbye_sum += sender.goodbye().value_or(0);
    if (sender.goodbye() != addressee.received_count() + sender.reported_count()) {
      result.violations.push_back("of " + sender.name() + ", the goodbye says " +
                                  std::to_string(sender.goodbye().value_or(-1)) + ", " +
                                  addressee.name() + " received " +
                                  std::to_string(addressee.received_count()));
    }
  }
  const auto expect_equal = [&result](std::string_view what, std::int64_t one, std::int64_t other) {
    if (one == other) return;
    result.violations.push_back(std::string(what) + ": " + std::to_string(one) + " is not " +
                                std::to_string(other));
  };
  const ShutdownReport& report = result.report;
  const auto client_count = static_cast<std::int64_t>(flooders.size());
  if (!report.is_balanced()) result.violations.emplace_back("the report does not balance");
  expect_equal("accepted and the sum of the goodbyes", report.accepted, result.goodbye_sum);
  expect_equal("deliveries and accepted messages", report.deliveries.total, report.accepted);
  expect_equal("delivered and received", report.deliveries.delivered, result.received);
  expect_equal("failed deliveries of peers that read to the end", report.deliveries.failed.sum(),
               0);
  expect_equal("connections", report.connections.total, client_count);
  expect_equal("connections that failed", report.connections.failed, 0);
  expect_equal("exit code", result.exit_status.code, 0);
}

}  // namespace

FloodResult run_flood(const FloodOptions& options) {
  std::mt19937_64 random(options.seed);
  FloodResult result;
  result.received_before_signal =
      std::uniform_int_distribution<std::int64_t>(0, options.received_before_signal_max)(random);

  ServerProcess server;
  std::vector<Flooder> flooders;
  std::vector<LineClient*> clients;
  flooders.reserve(2 * options.pair_count);  // so that the pointers stay valid
  for (std::size_t index = 0; index < 2 * options.pair_count; ++index) {
    clients.push_back(&flooders.emplace_back(server, index, options).client());
  }
  bool is_signalled = false;
  pump_until(clients, "the end of the flood", [&] {
    for (Flooder& flooder : flooders) {
      flooder.take_what_came();
      flooder.keep_sending();
    }
    if (!is_signalled && received_by_all(flooders) >= result.received_before_signal) {
      server.send_signal(SIGTERM);
      is_signalled = true;
    }
    return std::ranges::all_of(flooders, &Flooder::is_done);
  });
  for (Flooder& flooder : flooders) flooder.take_what_came();
  result.exit_status = server.wait_for_exit();
  result.report = server.report();
  compare_books(flooders, result);
  return result;
}

}  // namespace lastword::end_to_end
