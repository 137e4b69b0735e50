#include "net/asio_network.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/config.h"
#include "core/server.h"
#include "tests/net/loopback.h"

namespace {

// What the next accept or epoll_ctl comes to, where the kernel can't be made to say it.
std::atomic<int> next_accept_error{0};
std::atomic<int> next_watch_error{0};

}  // namespace

// In the place of the C library's, both.
extern "C" int accept4(int socket, sockaddr* address, socklen_t* size, int flags) {
  if (const int error = next_accept_error.exchange(0); error != 0) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, socket, address, size, flags));
}

extern "C" int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) {
  if (const int error = next_watch_error.exchange(0); error != 0) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, descriptor, event));
}

namespace lastword {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using boost::system::error_code;

const tcp::endpoint any_port{boost::asio::ip::make_address("127.0.0.1"), 0};
const tcp::endpoint any_port_of_version_6{boost::asio::ip::make_address("::1"), 0};

constexpr ConnectionId first{.slot = Slot{0}, .generation = 0};
constexpr ConnectionId second{.slot = Slot{1}, .generation = 5};

// A network whose calls are made by the test and not by the pump.
class Line {
 public:
  explicit Line(const tcp::endpoint& endpoint = any_port,
                const AsioNetwork::KeepAlive& keep_alive = {})
      : network{server_, keep_alive} {
    error_code error;
    local = network.listen(Transport::lines, endpoint, error);
    listen_error = error;
  }

  // Lets the client in, and finds the descriptor of this side of the connection.
  int let_in(const Caller& client, ConnectionId id) {
    EXPECT_EQ(client.error(), 0);
    EXPECT_EQ(network.accept(Transport::lines), Acceptance::accepted);
    network.adopt(id);
    for (int descriptor = 3; descriptor < 1024; ++descriptor) {
      tcp::endpoint peer;
      auto size = static_cast<socklen_t>(peer.capacity());
      if (::getpeername(descriptor, peer.data(), &size) != 0) continue;
      if (peer.port() != client.port()) continue;
      tcp::endpoint here;
      size = static_cast<socklen_t>(here.capacity());
      EXPECT_EQ(::getsockname(descriptor, here.data(), &size), 0);
      if (here.port() == local.port()) return descriptor;
    }
    ADD_FAILURE() << "no such connection";
    return -1;
  }

  [[nodiscard]] Transfer write(ConnectionId id, std::string_view text) {
    const std::array<Slice, 1> slices{as_bytes(text)};
    return network.write(id, slices);
  }

  // What one read brings, in words.
  [[nodiscard]] std::string read(ConnectionId id) {
    const Transfer transfer = network.read(id, buffer_);
    switch (transfer.kind) {
      case Transfer::Kind::bytes:
        return std::string{as_text(Bytes{buffer_}.first(transfer.count))};
      case Transfer::Kind::would_block:
        return "<would block>";
      case Transfer::Kind::end:
        return "<end>";
      case Transfer::Kind::fault:
        return fault_in_words(transfer.fault);
    }
    return "";
  }

  static std::string fault_in_words(Fault fault) {
    switch (fault) {
      case Fault::reset:
        return "<reset>";
      case Fault::timed_out:
        return "<timed out>";
      case Fault::other:
        break;
    }
    return "<other fault>";
  }

 private:
  Server server_{Config{}};
  std::vector<std::byte> buffer_ = std::vector<std::byte>(4096);

 public:
  AsioNetwork network;
  tcp::endpoint local;
  error_code listen_error;
};

int option_of(int descriptor, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  EXPECT_EQ(::getsockopt(descriptor, level, name, &value, &size), 0);
  return value;
}

// Writes until nothing more is taken; returns what was.
std::string fill(Line& line, ConnectionId id) {
  std::string written;
  for (char letter = 'a';; letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1)) {
    const std::string text(100'000, letter);
    const Transfer transfer = line.write(id, text);
    if (transfer.kind != Transfer::Kind::bytes) {
      EXPECT_EQ(transfer.kind, Transfer::Kind::would_block);
      return written;
    }
    written += text.substr(0, transfer.count);
  }
}

// --- The listener ------------------------------------------------------------------------------

TEST(AsioNetwork, ListensAndTellsTheRealPort) {
  const Line line;
  ASSERT_FALSE(line.listen_error) << line.listen_error.message();
  EXPECT_EQ(line.local.address(), any_port.address());
  EXPECT_NE(line.local.port(), 0);
}

TEST(AsioNetwork, SaysWhyItCannotListen) {
  boost::asio::io_context context;
  const tcp::acceptor other{context, any_port};
  const Line line{other.local_endpoint()};
  EXPECT_EQ(line.listen_error, boost::asio::error::address_in_use);
}

TEST(AsioNetwork, AcceptsOneAfterTheOther) {
  Line line;
  EXPECT_EQ(line.network.accept(Transport::lines), Acceptance::would_block);
  const Caller ada{line.local};
  const Caller bob{line.local};
  line.let_in(ada, first);
  line.let_in(bob, second);
  EXPECT_EQ(line.network.accept(Transport::lines), Acceptance::would_block);
  EXPECT_EQ(line.write(second, "for Bob\n").count, 8U);
  EXPECT_EQ(line.write(first, "for Ada\n").count, 8U);
  EXPECT_EQ(ada.read_line(), "for Ada\n");
  EXPECT_EQ(bob.read_line(), "for Bob\n");
}

TEST(AsioNetwork, TurnsAwayByClosing) {
  Line line;
  const Caller client{line.local};
  ASSERT_EQ(line.network.accept(Transport::lines), Acceptance::accepted);
  line.network.turn_away();
  EXPECT_EQ(client.read_to_end(), "<end>");
}

TEST(AsioNetwork, RefusesConnectionsOnceItsListenerIsClosed) {
  Line line;
  line.network.set_listen(Listen::closed);
  line.network.set_listen(Listen::closed);
  EXPECT_EQ(line.network.accept(Transport::lines), Acceptance::would_block);
  const Caller client{line.local};
  EXPECT_EQ(client.error(), ECONNREFUSED);
}

TEST(AsioNetwork, SaysThatItIsOutOfDescriptors) {
  Line line;
  const Caller client{line.local};
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const int next = ::dup(0);
  ASSERT_EQ(::close(next), 0);
  const rlimit none_left{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none_left), 0);
  EXPECT_EQ(line.network.accept(Transport::lines), Acceptance::exhausted);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(line.network.accept(Transport::lines), Acceptance::accepted)
      << "the client was kept waiting, no more";
  line.network.turn_away();
}

// accept(2): "Error handling". Somebody else is waiting all the time, so that a call that waits by
// itself for the next one comes back to say so.
TEST(AsioNetwork, TriesAgainAfterAConnectionThatCameToNothing) {
  Line line;
  const Caller client{line.local};
  for (const int error : {EINTR, EPERM, ENETDOWN, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
                          ENETUNREACH, ENOPROTOOPT}) {
    next_accept_error = error;
    ASSERT_EQ(line.network.accept(Transport::lines), Acceptance::retry) << ::strerrorname_np(error);
  }
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EINVAL}) {
    next_accept_error = error;
    ASSERT_EQ(line.network.accept(Transport::lines), Acceptance::exhausted)
        << ::strerrorname_np(error);
  }
}

// A library's accept may wait for the next connection after these two (Asio's does, however
// non-blocking its acceptor is): the whole server would stand still.
TEST(AsioNetwork, DoesNotWaitAfterAConnectionThatWasAborted) {
  for (const int error : {ECONNABORTED, EPROTO}) {
    Line line;
    const Caller client{line.local};
    next_accept_error = error;
    EXPECT_EQ(line.network.accept(Transport::lines), Acceptance::retry) << ::strerrorname_np(error);
  }
}

TEST(AsioNetwork, GivesAcceptedSocketsTheirOptions) {
  const AsioNetwork::KeepAlive keep_alive{
      .idle = 11s, .interval = 7s, .probes_max = 3, .user_timeout = 12'345ms};
  for (const tcp::endpoint& endpoint : {any_port, any_port_of_version_6}) {
    Line line{endpoint, keep_alive};
    if (line.listen_error && endpoint.address().is_v6()) GTEST_SKIP() << "there is no IPv6 here";
    ASSERT_FALSE(line.listen_error) << line.listen_error.message();
    const Caller client{line.local};
    const int descriptor = line.let_in(client, first);
    EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option_of(descriptor, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_KEEPIDLE), 11);
    EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_KEEPINTVL), 7);
    EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_KEEPCNT), 3);
    EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT), 12'345);
    EXPECT_EQ(option_of(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 128 << 10);
    EXPECT_NE(::fcntl(descriptor, F_GETFL) & O_NONBLOCK, 0);
  }
}

TEST(AsioNetwork, SaysThatItsListenerCannotBeWatched) {
  Line line;
  next_watch_error = ENOSPC;
  error_code error;
  static_cast<void>(line.network.listen(Transport::websocket, any_port, error));
  EXPECT_EQ(error, boost::system::errc::no_space_on_device);
}

// There is a limit to how much one user may watch (epoll(7), max_user_watches).
TEST(AsioNetwork, EndsAConnectionThatCannotBeWatched) {
  Line line;
  const Caller client{line.local};
  client.send("hello?\n");
  ASSERT_EQ(line.network.accept(Transport::lines), Acceptance::accepted);
  next_watch_error = ENOSPC;
  line.network.adopt(first);
  EXPECT_EQ(client.read(1), "<end>");
  EXPECT_EQ(line.read(first), "hello?\n");
  EXPECT_EQ(line.read(first), "<end>");
  EXPECT_EQ(line.write(first, "no").kind, Transfer::Kind::fault);
}

// --- Reading -----------------------------------------------------------------------------------

TEST(AsioNetwork, ReadsWhatIsThereAndDoesNotWait) {
  Line line;
  const Caller client{line.local};
  const int descriptor = line.let_in(client, first);
  EXPECT_EQ(line.read(first), "<would block>");
  client.send("hello\n");
  await(descriptor, POLLIN);
  EXPECT_EQ(line.read(first), "hello\n");
  EXPECT_EQ(line.read(first), "<would block>");
  client.send("bye\n");
  client.end();
  await(descriptor, POLLRDHUP);
  EXPECT_EQ(line.read(first), "bye\n");
  EXPECT_EQ(line.read(first), "<end>");
}

TEST(AsioNetwork, SaysThatAConnectionWasReset) {
  Line line;
  Caller ada{line.local};
  Caller bob{line.local};
  const int descriptor = line.let_in(ada, first);
  const int other = line.let_in(bob, second);
  ada.reset();
  await(descriptor, POLLIN);
  EXPECT_EQ(line.read(first), "<reset>");

  bob.reset();
  await(other, POLLIN);
  const std::string text(1000, 'x');
  // From the second one on they would raise SIGPIPE; one slice and several go different ways.
  const std::array<Slice, 2> slices{as_bytes(text), as_bytes(text)};
  for (const std::size_t count : {1U, 1U, 2U}) {
    const Transfer transfer = line.network.write(second, std::span{slices}.first(count));
    EXPECT_EQ(transfer.kind, Transfer::Kind::fault);
    EXPECT_EQ(transfer.fault, Fault::reset);
  }
}

// The one test here that takes the kernel's time: it probes a closed window after 200 ms and more.
TEST(AsioNetwork, SaysThatAConnectionTimedOut) {
  Line line{any_port, {.user_timeout = 1ms}};
  const Caller client{line.local, 4096};
  const int descriptor = line.let_in(client, first);
  fill(line, first);
  await(descriptor, POLLERR);
  EXPECT_EQ(line.read(first), "<timed out>");
}

// --- Writing -----------------------------------------------------------------------------------

TEST(AsioNetwork, GathersSlicesOfAllSizesInTheirOrder) {
  Line line;
  const Caller client{line.local};
  line.let_in(client, first);
  // Around the size up to which slices are joined, and more in all than can be joined; the last of
  // these finds a place for one more byte, behind a slice for which there was none.
  std::vector<std::size_t> last_places(63, 512);
  last_places.insert(last_places.end(), {511, 512, 1, 1, 600, 1});
  const std::vector<std::vector<std::size_t>> cases{
      {1},
      {512},
      {513},
      {10'000},
      {1, 1, 1},
      {513, 1, 513},
      {1, 513, 1, 1, 512, 514, 7},
      std::vector<std::size_t>(Pump<AsioNetwork>::slices_max, 200),
      std::vector<std::size_t>(Pump<AsioNetwork>::slices_max, 1),
      std::vector<std::size_t>(70, 512),
      last_places,
  };
  for (const auto& sizes : cases) {
    std::vector<std::string> texts;
    std::vector<Slice> slices;
    for (const std::size_t size : sizes) {
      texts.emplace_back(size, static_cast<char>('a' + texts.size() % 26));
    }
    std::string expected;
    for (const std::string& text : texts) {
      slices.push_back(as_bytes(text));
      expected += text;
    }
    const Transfer transfer = line.network.write(first, slices);
    ASSERT_EQ(transfer.kind, Transfer::Kind::bytes);
    ASSERT_EQ(transfer.count, expected.size()) << sizes.size() << " slices";
    EXPECT_EQ(client.read(expected.size()), expected) << sizes.size() << " slices";
  }
}

TEST(AsioNetwork, WritesAsMuchAsTheKernelTakesAndDoesNotWait) {
  Line line;
  const Caller client{line.local};
  const int descriptor = line.let_in(client, first);
  const std::string written = fill(line, first);
  EXPECT_GT(written.size(), 0U);
  EXPECT_FALSE(line.network.is_acknowledged(first)) << "the client's kernel has no room for all";
  EXPECT_TRUE(client.read(written.size()) == written);
  await(descriptor, POLLOUT);
  EXPECT_EQ(line.write(first, "more\n").count, 5U);
  EXPECT_EQ(client.read_line(), "more\n");
}

TEST(AsioNetwork, FinishesBehindEverythingThatWasWritten) {
  Line line;
  const Caller client{line.local};
  const int descriptor = line.let_in(client, first);
  const std::string written = fill(line, first);
  line.network.finish(first);
  EXPECT_TRUE(client.read(written.size()) == written);
  EXPECT_EQ(client.read(1), "<end>");
  client.send("still here\n");
  await(descriptor, POLLIN);
  EXPECT_EQ(line.read(first), "still here\n");
}

TEST(AsioNetwork, KnowsThatThePeersKernelHasEverythingAndTheFin) {
  Line line;
  Caller client{line.local};
  const int descriptor = line.let_in(client, first);
  const std::string written = fill(line, first);
  line.network.finish(first);
  EXPECT_FALSE(line.network.is_acknowledged(first));
  EXPECT_TRUE(client.read(written.size()) == written);
  EXPECT_EQ(client.read(1), "<end>");
  client.close();
  await(descriptor, POLLIN);
  EXPECT_EQ(line.read(first), "<end>") << "their FIN acknowledges ours";
  EXPECT_TRUE(line.network.is_acknowledged(first));
}

// Found by the simulator: who has said something that nobody has read yet is not silent.
TEST(AsioNetwork, DoesNotConfirmWhileSomethingLiesUnread) {
  Line line;
  Caller client{line.local};
  const int descriptor = line.let_in(client, first);
  line.network.finish(first);
  EXPECT_EQ(client.read(1), "<end>");
  client.send("but\n");  // acknowledges our FIN too
  await(descriptor, POLLIN);
  EXPECT_FALSE(line.network.is_acknowledged(first));
  EXPECT_EQ(line.read(first), "but\n");
  EXPECT_TRUE(line.network.is_acknowledged(first));
}

// --- Closing -----------------------------------------------------------------------------------

TEST(AsioNetwork, ClosesWithoutAResetThoughThereIsUnreadInput) {
  for (const std::size_t unread : {std::size_t{1}, std::size_t{100'000}}) {
    Line line;
    const Caller client{line.local};
    const int descriptor = line.let_in(client, first);
    client.send(std::string(unread, 'x'));
    await(descriptor, POLLIN);
    EXPECT_EQ(line.write(first, "last words\n").count, 11U);
    line.network.close(first);
    EXPECT_EQ(client.read_to_end(), "last words\n<end>") << unread << " bytes unread";
  }
}

TEST(AsioNetwork, ClosesWithoutDestroyingWhatIsOnItsWay) {
  Line line;
  const Caller client{line.local};
  const int descriptor = line.let_in(client, first);
  client.send("unread\n");
  await(descriptor, POLLIN);
  const std::string written = fill(line, first);
  line.network.finish(first);
  line.network.close(first);
  EXPECT_TRUE(client.read(written.size()) == written);
  EXPECT_EQ(client.read(1), "<end>");
}

TEST(AsioNetwork, HasAPlaceAgainAfterAClose) {
  Line line;
  const Caller ada{line.local};
  line.let_in(ada, first);
  line.network.close(first);
  EXPECT_EQ(ada.read_to_end(), "<end>");
  const Caller bob{line.local};
  const ConnectionId heir{.slot = first.slot, .generation = first.generation + 1};
  line.let_in(bob, heir);
  EXPECT_EQ(line.write(heir, "for Bob\n").count, 8U);
  EXPECT_EQ(bob.read_line(), "for Bob\n");
}

TEST(AsioNetworkDeathTest, MakesNoCallForAnEarlierOwnerOfAPlace) {
  Line line;
  const Caller client{line.local};
  line.let_in(client, second);
  const ConnectionId earlier{.slot = second.slot, .generation = second.generation - 1};
  EXPECT_DEATH(line.network.finish(earlier), "place != nullptr");
}

}  // namespace
}  // namespace lastword
