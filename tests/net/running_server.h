// A server on the real network, in a thread of its own.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <csignal>
#include <functional>
#include <thread>

#include "core/config.h"
#include "core/report.h"
#include "core/server.h"
#include "net/asio_network.h"

namespace lastword {

// While it runs, everything but the signals and the sockets belongs to its thread.
class RunningServer {
 public:
  explicit RunningServer(const Config& config = {}) : server_{config}, network_{server_, {}} {
    local = listen(Transport::lines);
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() {
    if (!thread_.joinable()) return;
    ADD_FAILURE() << "the test gave up while the server was running";
    signal(SIGTERM);
    signal(SIGTERM);
    thread_.join();
  }

  // Opens a listener; only before `start`.
  boost::asio::ip::tcp::endpoint listen(Transport transport) {
    boost::system::error_code error;
    const boost::asio::ip::tcp::endpoint endpoint =
        network_.listen(transport, {boost::asio::ip::make_address("127.0.0.1"), 0}, error);
    EXPECT_FALSE(error) << error.message();
    return endpoint;
  }

  void start(const std::function<void(const Server&)>& turned = [](const Server&) {}) {
    thread_ = std::thread{[this, turned] { network_.run([&] { turned(server_); }); }};
  }
  static void signal(int number) { ASSERT_EQ(::raise(number), 0); }

  // Waits for its end.
  Report report() {
    thread_.join();
    server_.check_invariants();
    EXPECT_TRUE(server_.finished());
    EXPECT_EQ(server_.connection_count(), 0U);
    return server_.finished().value();
  }

  boost::asio::ip::tcp::endpoint local;

 private:
  Server server_;
  AsioNetwork network_;
  std::thread thread_;
};

}  // namespace lastword
