// The rules of the simulated TCP, one by one, as sim/kernel.h states them.
#include "sim/kernel.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/kernel_world.h"

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;

// Different everywhere, so that a byte in a wrong place is seen.
std::string text_of(std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(text.size()) + (text.size() % 5 ? ' ' : '\n');
  text.resize(size);
  return text;
}

// --- Bytes and their way ------------------------------------------------------------------------

TEST(Kernel, CarriesBytesBothWays) {
  KernelWorld world;
  const Link link = world.open();
  EXPECT_EQ(world.send(link, "to the server"), 13U);
  EXPECT_EQ(world.write(link, "to the client"), 13U);
  EXPECT_EQ(world.read(link), "(nothing)");
  EXPECT_EQ(world.receive(link), "");
  world.settle();
  EXPECT_EQ(world.read(link), "to the server");
  EXPECT_EQ(world.receive(link), "to the client");
  EXPECT_EQ(world.read(link), "(nothing)");
}

TEST(Kernel, KeepsConnectionsApart) {
  KernelWorld world;
  const Link one = world.open();
  const Link other = world.open();
  world.send(one, "one");
  world.send(other, "other");
  world.write(one, "to one");
  world.settle();
  EXPECT_EQ(world.read(other), "other");
  EXPECT_EQ(world.read(one), "one");
  EXPECT_EQ(world.receive(other), "");
  EXPECT_EQ(world.receive(one), "to one");
}

TEST(Kernel, GivesAPieceOfWhatArrivedAndKeepsTheRest) {
  KernelWorld world;
  const Link link = world.open();
  world.send(link, "abcdef");
  world.write(link, "ghijkl");
  world.settle();
  EXPECT_EQ(world.read(link, 4), "abcd");
  EXPECT_EQ(world.kernel.unread_by_server(link), 2U);
  EXPECT_EQ(world.read(link, 4), "ef");
  EXPECT_EQ(world.receive(link, 1), "g");
  EXPECT_EQ(world.kernel.unread(link), 5U);
  EXPECT_EQ(world.receive(link), "hijkl");
}

TEST(Kernel, ForgetsWhatItDiscards) {
  KernelWorld world;
  const Link link = world.open();
  world.send(link, "abcdef");
  world.settle();
  EXPECT_EQ(world.kernel.discard(world.environment, link, 4), 4U);
  EXPECT_EQ(world.read(link), "ef");
  EXPECT_EQ(world.kernel.discard(world.environment, link, 4), 0U);
}

TEST(Kernel, WritesManySlicesAsOneText) {
  KernelWorld world;
  const Link link = world.open({.send_buffer = 5});
  const std::vector<Slice> slices{as_bytes("ab"), as_bytes(""), as_bytes("cd"), as_bytes("ef")};
  EXPECT_EQ(world.kernel.write(world.environment, link, slices).count, 5U);
  world.settle();
  EXPECT_EQ(world.receive(link), "abcde");
}

TEST(Kernel, TakesTheLatencyForOneWay) {
  KernelWorld world;
  const Link link = world.connect({.latency = 30ms});
  world.run_for(30ms - 1ns);
  EXPECT_FALSE(world.kernel.is_acceptable());
  world.run_for(1ns);
  EXPECT_TRUE(world.kernel.is_acceptable());
  world.run_for(30ms - 1ns);
  EXPECT_FALSE(world.kernel.is_established(link));
  world.run_for(1ns);
  EXPECT_TRUE(world.kernel.is_established(link));
  EXPECT_EQ(world.accept(), Acceptance::accepted);
  world.send(link, "up");
  world.write(link, "down");
  world.run_for(30ms - 1ns);
  EXPECT_EQ(world.read(link), "(nothing)");
  EXPECT_EQ(world.receive(link), "");
  world.run_for(1ns);
  EXPECT_EQ(world.read(link), "up");
  EXPECT_EQ(world.receive(link), "down");
}

TEST(Kernel, SendsNothingBeforeTheConnectionStands) {
  KernelWorld world;
  const Link link = world.connect({.latency = 10ms});
  EXPECT_EQ(world.send(link, "early"), 5U);
  world.run_for(20ms);
  EXPECT_EQ(world.accept(), Acceptance::accepted);
  EXPECT_EQ(world.read(link), "(nothing)");
  world.run_for(10ms);
  EXPECT_EQ(world.read(link), "early");
}

TEST(Kernel, KeepsTheOrderOfSegmentsThatAreDelayed) {
  KernelWorld world{Choices::seeded(1)};
  world.environment.weather.at(FaultKind::any_order) = 1;
  const Link link = world.open({.latency = 10ms});
  const std::string text = text_of(200);
  for (const char& byte : text) {
    world.send(link, {&byte, 1});
    world.write(link, {&byte, 1});
    world.run_for(1ms);
  }
  EXPECT_LT(world.kernel.unread_by_server(link), 200U) << "nothing is delayed";
  world.settle();
  EXPECT_EQ(world.read(link), text);
  EXPECT_EQ(world.receive(link), text);
}

TEST(Kernel, BringsNothingSoonerThanItsOwnDelay) {
  KernelWorld world;
  const Link link = world.open({.latency = 10ms});
  world.environment.weather.at(FaultKind::any_order) = 1;
  world.environment.choices.force(Site::jitter, 5);
  world.send(link, "slow, ");
  world.environment.choices.force(Site::jitter, 0);
  world.send(link, "fast");
  world.run_for(200ms - 1ns);
  EXPECT_EQ(world.read(link), "(nothing)") << "twenty times the latency";
  world.run_for(1ns);
  EXPECT_EQ(world.read(link), "slow, fast");
}

TEST(Kernel, PrefersToCutAtTheEndOfALine) {
  struct Cut {
    std::uint32_t answer;
    std::size_t size;
  };
  for (const Cut cut : {Cut{0, 5}, Cut{1, 6}, Cut{2, 7}, Cut{3, 8}, Cut{4, 4}}) {
    // Whether to cut, how, and in the last case where; then nothing more.
    const auto choice = [](std::uint32_t index, std::uint32_t value) {
      return Choice{.site = Site::segment_cut, .chooser = 1, .index = index, .value = value};
    };
    KernelWorld world{Choices::replayed(
        Tape{{choice(0, 1), choice(1, cut.answer), choice(2, cut.answer == 4 ? 3 : 0)}})};
    const Link link = world.open();
    world.environment.weather.at(FaultKind::cut_anywhere) = 2;
    world.send(link, "abcdef\nghi");
    world.step();
    EXPECT_EQ(world.read(link), std::string_view{"abcdef\nghi"}.substr(0, cut.size)) << cut.answer;
  }
}

TEST(Kernel, CutsBytesIntoSegmentsAnywhere) {
  const std::string text = text_of(100);
  std::vector<bool> is_end(text.size() + 1, false);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    KernelWorld world{Choices::seeded(seed)};
    const Link link = world.open();
    world.environment.weather.at(FaultKind::cut_anywhere) = 1;
    world.send(link, text);
    while (world.step()) is_end[world.kernel.arrived_at_server(link)] = true;
    EXPECT_EQ(world.read(link), text) << seed;
  }
  EXPECT_GT(std::count(is_end.begin(), is_end.end(), true), 80);
}

// --- Buffers ------------------------------------------------------------------------------------

TEST(Kernel, TakesAPartOfAWriteAndThenNothingWhenTheSendBufferIsFull) {
  KernelWorld world;
  const Link link = world.open({.latency = 10ms, .send_buffer = 8});
  EXPECT_EQ(world.write(link, "abcde"), 5U);
  EXPECT_TRUE(world.kernel.is_writable(link));
  EXPECT_EQ(world.write(link, "fghij"), 3U);
  EXPECT_FALSE(world.kernel.is_writable(link));
  EXPECT_EQ(world.tried_to_write(link, "ij"), "(nothing)");
  world.run_for(10ms);  // what arrived is acknowledged
  EXPECT_TRUE(world.kernel.is_writable(link));
  EXPECT_EQ(world.write(link, "ij"), 2U);
  world.settle();
  EXPECT_EQ(world.receive(link), "abcdefghij");
}

TEST(Kernel, HoldsAClientToItsSendBufferToo) {
  KernelWorld world;
  const Link link = world.open({.latency = 10ms});
  const std::string text = text_of(100'000);
  const std::size_t taken = world.send(link, text);
  EXPECT_EQ(taken, std::size_t{64} << 10U);
  EXPECT_EQ(world.send(link, "x"), 0U);
  world.run_for(10ms);
  EXPECT_EQ(world.send(link, text.substr(taken)), text.size() - taken);
  std::string read;
  while (read.size() < text.size()) {
    read += world.read(link, 5000);
    world.run_for(10ms);
  }
  EXPECT_EQ(read, text);
}

TEST(Kernel, SendsNoMoreThanTheClientHasRoomFor) {
  KernelWorld world;
  const Link link = world.open({.send_buffer = 100, .receive_buffer = 6});
  EXPECT_EQ(world.write(link, "abcdefghij"), 10U);
  world.settle();
  EXPECT_EQ(world.kernel.unread(link), 6U);
  EXPECT_FALSE(world.kernel.is_acknowledged(link));
  world.settle();
  EXPECT_EQ(world.kernel.unread(link), 6U) << "the window is shut";
  EXPECT_EQ(world.receive(link, 1), "a");
  world.settle();
  EXPECT_EQ(world.receive(link), "bcdefg");
  world.settle();
  EXPECT_EQ(world.receive(link), "hij");
  EXPECT_TRUE(world.kernel.is_acknowledged(link));
}

TEST(Kernel, SendsNoMoreThanTheServerHasRoomFor) {
  KernelWorld world;
  const Link link = world.open({.upload_buffer = 6});
  EXPECT_EQ(world.send(link, "abcdefghij"), 10U);
  world.settle();
  EXPECT_EQ(world.kernel.unread_by_server(link), 6U);
  EXPECT_EQ(world.read(link, 1), "a");
  world.settle();
  EXPECT_EQ(world.kernel.unread_by_server(link), 6U);
  EXPECT_EQ(world.kernel.discard(world.environment, link, 5), 5U);
  world.settle();
  EXPECT_EQ(world.read(link), "ghij");
}

TEST(Kernel, CountsAsZeroWindowNotThatABufferIsFullOfWhatIsOnItsWay) {
  KernelWorld world;
  const Link link = world.open({.send_buffer = 4});
  EXPECT_EQ(world.write(link, "abcd"), 4U);
  EXPECT_EQ(world.write(link, "e"), 0U);
  EXPECT_EQ(world.environment.faults.at(FaultKind::zero_window).injected, 0U);
}

TEST(Kernel, CountsAsZeroWindowThatNothingCanBeWrittenToAShutWindow) {
  KernelWorld world;
  const Link link = world.open({.send_buffer = 12, .receive_buffer = 6});
  const auto zero_windows = [&] {
    return world.environment.faults.at(FaultKind::zero_window).effective;
  };
  EXPECT_EQ(world.write(link, "abcdef"), 6U);
  EXPECT_EQ(world.write(link, "ghijkl"), 6U);
  world.settle();
  EXPECT_EQ(world.write(link, "mnopqrst"), 6U) << "as much as arrived";
  EXPECT_EQ(zero_windows(), 0U);
  EXPECT_EQ(world.write(link, "st"), 0U);
  EXPECT_EQ(zero_windows(), 1U);
}

// --- The end of a direction ---------------------------------------------------------------------

TEST(Kernel, SendsTheFinBehindTheBytes) {
  KernelWorld world;
  const Link link = world.open({.receive_buffer = 2, .upload_buffer = 2});
  world.send(link, "abcd");
  world.kernel.finish(world.environment, link);
  world.write(link, "efgh");
  world.kernel.shut_down(world.environment, link);
  world.settle();
  EXPECT_EQ(world.read(link), "ab");
  EXPECT_EQ(world.read(link), "(nothing)");
  EXPECT_EQ(world.receive(link), "ef");
  EXPECT_FALSE(world.kernel.has_end_arrived(link));
  world.settle();
  EXPECT_EQ(world.kernel.unread(link), 2U);
  EXPECT_FALSE(world.kernel.has_end_arrived(link)) << "not before the rest was read";
  EXPECT_EQ(world.read(link), "cd");
  EXPECT_EQ(world.receive(link), "gh");
  EXPECT_EQ(world.read(link), "(end)");
  EXPECT_EQ(world.read(link), "(end)");
  EXPECT_TRUE(world.kernel.has_end_arrived(link));
}

TEST(Kernel, LetsTheServerWriteToAClientThatEndedItsSide) {
  KernelWorld world;
  const Link link = world.open();
  world.kernel.finish(world.environment, link);
  world.settle();
  EXPECT_EQ(world.read(link), "(end)");
  EXPECT_EQ(world.write(link, "still here"), 10U);
  world.settle();
  EXPECT_EQ(world.receive(link), "still here");
  EXPECT_FALSE(world.kernel.has_end_arrived(link));
}

TEST(Kernel, LetsAClientSendToAServerThatEndedItsSide) {
  KernelWorld world;
  const Link link = world.open();
  world.kernel.shut_down(world.environment, link);
  world.settle();
  EXPECT_TRUE(world.kernel.has_end_arrived(link));
  EXPECT_EQ(world.tried_to_write(link, "too late"), "(reset)");
  world.send(link, "still here");
  world.settle();
  EXPECT_EQ(world.read(link), "still here");
  EXPECT_FALSE(world.kernel.was_reset_by_server(link));
}

TEST(Kernel, TakesNothingMoreFromAClientThatEndedItsSide) {
  KernelWorld world;
  const Link link = world.open();
  world.kernel.finish(world.environment, link);
  EXPECT_EQ(world.send(link, "too late"), 8U) << "into the void";
  world.settle();
  EXPECT_EQ(world.read(link), "(end)");
}

TEST(Kernel, HasEverythingAcknowledgedOnlyOnceTheBytesAndTheFinArrived) {
  KernelWorld world;
  const Link link = world.open({.latency = 10ms, .receive_buffer = 4});
  EXPECT_TRUE(world.kernel.is_acknowledged(link));
  world.write(link, "abcdef");
  EXPECT_FALSE(world.kernel.is_acknowledged(link));
  world.run_for(10ms);
  EXPECT_FALSE(world.kernel.is_acknowledged(link)) << "two bytes wait for a window";
  world.receive(link);
  EXPECT_FALSE(world.kernel.is_acknowledged(link)) << "they are on their way";
  world.run_for(10ms);
  EXPECT_TRUE(world.kernel.is_acknowledged(link)) << "whether they are read or not";
  world.kernel.shut_down(world.environment, link);
  EXPECT_FALSE(world.kernel.is_acknowledged(link));
  world.run_for(10ms - 1ns);
  EXPECT_FALSE(world.kernel.is_acknowledged(link));
  world.run_for(1ns);
  EXPECT_TRUE(world.kernel.is_acknowledged(link));
}

// --- Closing ------------------------------------------------------------------------------------

TEST(Kernel, EndsInOrderIfNothingIsUnreadAtTheClose) {
  KernelWorld world;
  const Link link = world.open({.receive_buffer = 2});
  world.write(link, "abcd");
  world.kernel.server_close(world.environment, link);
  EXPECT_EQ(world.kernel.open_descriptors(), 0U);
  world.settle();
  EXPECT_EQ(world.receive(link), "ab");
  world.settle();
  EXPECT_EQ(world.receive(link), "cd");
  EXPECT_TRUE(world.kernel.has_end_arrived(link));
  EXPECT_FALSE(world.kernel.has_reset_arrived(link));
  EXPECT_FALSE(world.kernel.was_reset_by_server(link));
}

TEST(Kernel, ResetsAtACloseWithUnreadInputAndDestroysWhatWasNotSent) {
  KernelWorld world;
  const Link link = world.open({.receive_buffer = 2});
  world.write(link, "abcd");  // two bytes are sent, two wait
  world.send(link, "unread");
  world.settle();
  world.kernel.server_close(world.environment, link);
  EXPECT_TRUE(world.kernel.was_reset_by_server(link));
  EXPECT_FALSE(world.kernel.has_reset_arrived(link));
  world.settle();
  EXPECT_TRUE(world.kernel.has_reset_arrived(link));
  EXPECT_EQ(world.receive(link), "ab") << "what had arrived before the reset";
  world.settle();
  EXPECT_EQ(world.receive(link), "");
  EXPECT_FALSE(world.kernel.has_end_arrived(link));
}

TEST(Kernel, SendsTheResetBehindTheBytesThatWereSent) {
  KernelWorld world{Choices::seeded(2)};
  const Link link = world.open({.latency = 10ms});
  world.send(link, "unread");
  world.settle();
  world.environment.weather.at(FaultKind::any_order) = 1;
  world.write(link, "sent");
  world.kernel.server_close(world.environment, link);
  bool was_reset_first = false;
  while (world.step()) {
    was_reset_first |= world.kernel.has_reset_arrived(link) && world.kernel.unread(link) == 0;
  }
  EXPECT_FALSE(was_reset_first);
  EXPECT_EQ(world.receive(link), "sent");
}

TEST(Kernel, ResetsWhenInputArrivesAfterTheClose) {
  KernelWorld world;
  const Link link = world.open({.receive_buffer = 2});
  world.write(link, "abcd");
  world.settle();
  world.kernel.server_close(world.environment, link);
  EXPECT_FALSE(world.kernel.was_reset_by_server(link));
  world.send(link, "late");
  world.settle();
  EXPECT_TRUE(world.kernel.was_reset_by_server(link));
  EXPECT_TRUE(world.kernel.has_reset_arrived(link));
  EXPECT_EQ(world.receive(link), "ab");
  world.settle();
  EXPECT_EQ(world.receive(link), "") << "the rest was not sent";
}

TEST(Kernel, TakesAClientsFinAfterTheCloseQuietly) {
  KernelWorld world;
  const Link link = world.open();
  world.kernel.server_close(world.environment, link);
  world.kernel.close(world.environment, link);
  world.settle();
  EXPECT_FALSE(world.kernel.was_reset_by_server(link));
  EXPECT_FALSE(world.kernel.has_reset_arrived(link));
}

TEST(Kernel, GivesWhatArrivedBeforeAResetThenTheFaultOnceThenTheEnd) {
  KernelWorld world;
  const Link link = world.open();
  world.send(link, "last words");
  world.kernel.reset(world.environment, link);
  world.settle();
  EXPECT_TRUE(world.kernel.is_readable(link));
  EXPECT_TRUE(world.kernel.has_fault(link));
  EXPECT_EQ(world.read(link, 4), "last");
  EXPECT_EQ(world.read(link), " words");
  EXPECT_EQ(world.read(link), "(reset)");
  EXPECT_EQ(world.read(link), "(end)");
  EXPECT_EQ(world.read(link), "(end)");
  EXPECT_EQ(world.tried_to_write(link, "x"), "(reset)");
  world.kernel.server_close(world.environment, link);
  EXPECT_FALSE(world.kernel.was_reset_by_server(link)) << "there is nobody to tell";
}

TEST(Kernel, TellsNobodyOfAResetWhenItClosesABrokenConnectionWithUnreadInput) {
  KernelWorld world;
  const Link link = world.open();
  world.send(link, "unread");
  world.kernel.reset(world.environment, link);
  world.settle();
  world.kernel.server_close(world.environment, link);
  EXPECT_FALSE(world.kernel.was_reset_by_server(link));
}

TEST(Kernel, TellsTheFaultToAWriteThatComesFirst) {
  KernelWorld world;
  const Link link = world.open({.send_buffer = 2, .receive_buffer = 2});
  world.write(link, "ab");
  world.settle();
  world.write(link, "cd");
  world.kernel.reset(world.environment, link);
  EXPECT_FALSE(world.kernel.is_writable(link));
  world.settle();
  EXPECT_TRUE(world.kernel.is_writable(link));
  EXPECT_EQ(world.tried_to_write(link, "c"), "(reset)");
  EXPECT_EQ(world.read(link), "(end)");
}

TEST(Kernel, DestroysWhatAClientHadNotSentAtItsReset) {
  KernelWorld world;
  const Link link = world.open({.upload_buffer = 2});
  world.send(link, "abcd");
  world.kernel.reset(world.environment, link);
  world.settle();
  EXPECT_EQ(world.read(link), "ab");
  EXPECT_EQ(world.read(link), "(reset)");
}

TEST(Kernel, ResetsWhenAClientClosesWithUnreadInput) {
  KernelWorld world;
  const Link link = world.open();
  world.write(link, "unread");
  world.settle();
  world.kernel.close(world.environment, link);
  world.settle();
  EXPECT_EQ(world.read(link), "(reset)");
}

TEST(Kernel, ResetsWhenSomethingArrivesAtAClientThatClosed) {
  KernelWorld world;
  const Link link = world.open();
  world.send(link, "bye");
  world.kernel.close(world.environment, link);
  world.settle();
  EXPECT_EQ(world.write(link, "too late"), 8U);
  world.settle();
  EXPECT_EQ(world.read(link), "bye");
  EXPECT_EQ(world.read(link), "(reset)");
  EXPECT_EQ(world.read(link), "(end)");
}

TEST(Kernel, EndsInOrderWhenAClientClosesAndNothingIsUnread) {
  KernelWorld world;
  const Link link = world.open();
  world.send(link, "bye");
  world.kernel.close(world.environment, link);
  world.settle();
  EXPECT_EQ(world.read(link), "bye");
  EXPECT_EQ(world.read(link), "(end)");
  EXPECT_FALSE(world.kernel.has_fault(link));
}

// Other systems than Linux.
TEST(Kernel, DestroysWhatArrivedAndWasNotReadAtAResetOnlyUnderThatFault) {
  KernelWorld world;
  world.environment.weather.at(FaultKind::reset_unread) = 2;
  world.environment.choices.force(Site::reset_destroys, 1);
  const Link link = world.open();
  world.write(link, "read");
  world.settle();
  EXPECT_EQ(world.receive(link), "read");
  world.write(link, "not read");
  world.send(link, "unread");
  world.settle();
  world.kernel.server_close(world.environment, link);
  world.settle();
  EXPECT_TRUE(world.kernel.has_reset_arrived(link));
  EXPECT_EQ(world.receive(link), "");
  EXPECT_EQ(world.environment.faults.at(FaultKind::reset_unread).effective, 1U);
}

// --- Whoever vanished ---------------------------------------------------------------------------

TEST(Kernel, GetsNoAcknowledgementFromAPeerThatVanished) {
  KernelWorld world;
  const Link link = world.open({.send_buffer = 4});
  world.write(link, "ab");  // is on its way
  world.kernel.vanish(world.environment, link);
  EXPECT_EQ(world.write(link, "cdef"), 2U);
  world.run_for(59s);
  EXPECT_FALSE(world.kernel.is_acknowledged(link));
  EXPECT_FALSE(world.kernel.is_writable(link));
  EXPECT_EQ(world.read(link), "(nothing)");
  EXPECT_EQ(world.receive(link), "");
}

TEST(Kernel, DeliversWhatAPeerHadSentBeforeItVanished) {
  KernelWorld world;
  const Link link = world.open({.upload_buffer = 2});
  world.send(link, "abcd");
  world.kernel.vanish(world.environment, link);
  world.settle();
  EXPECT_EQ(world.read(link), "ab");
  world.settle();
  EXPECT_EQ(world.read(link), "(nothing)");
}

TEST(Kernel, GivesASilentPeerUpAfterTheTimeOfTheKeepAlive) {
  KernelWorld world;
  const Link link = world.open();
  world.kernel.vanish(world.environment, link);
  const Instant vanished_at = world.environment.now;
  world.run_for(90s - 1ns);
  EXPECT_EQ(world.read(link), "(nothing)");
  EXPECT_FALSE(world.kernel.is_readable(link));
  world.run_for(1ns);
  EXPECT_TRUE(world.kernel.is_readable(link));
  EXPECT_EQ(world.kernel.timed_out_at(link), vanished_at + 90s);
  EXPECT_EQ(world.read(link), "(timed out)");
  EXPECT_EQ(world.read(link), "(end)");
  world.kernel.server_close(world.environment, link);
  world.settle();
  EXPECT_FALSE(world.kernel.has_reset_arrived(link));
}

TEST(Kernel, GivesASilentPeerUpAfterTheUserTimeoutIfSomethingIsNotAcknowledged) {
  KernelWorld world;
  const Link early = world.open();
  const Link late = world.open();
  world.write(early, "on its way");
  world.kernel.vanish(world.environment, early);
  world.kernel.vanish(world.environment, late);
  const Instant early_from = world.environment.now;
  world.run_for(10s);
  world.write(late, "first");
  const Instant late_from = world.environment.now;
  world.run_for(5s);
  world.write(late, "again");  // does not begin anew
  world.run_for(120s);
  EXPECT_EQ(world.kernel.timed_out_at(early), early_from + 60s);
  EXPECT_EQ(world.kernel.timed_out_at(late), late_from + 60s);
  EXPECT_EQ(world.read(early), "(timed out)");
  EXPECT_EQ(world.tried_to_write(late, "x"), "(timed out)");
}

TEST(Kernel, NoticesAVanishedPeerTenTimesLaterUnderThatFault) {
  KernelWorld world;
  world.environment.weather.at(FaultKind::late_discovery) = 2;
  world.environment.choices.force(Site::late_discovery, 1);
  const Link link = world.open();
  world.write(link, "not acknowledged");
  world.kernel.vanish(world.environment, link);
  world.run_for(600s - 1ns);
  EXPECT_EQ(world.read(link), "(nothing)");
  world.run_for(1ns);
  EXPECT_EQ(world.read(link), "(timed out)");
  EXPECT_EQ(world.environment.faults.at(FaultKind::late_discovery).effective, 1U);
}

TEST(Kernel, TimesNobodyOutThatTheServerHasClosed) {
  KernelWorld world;
  const Link link = world.open();
  world.kernel.vanish(world.environment, link);
  world.kernel.server_close(world.environment, link);
  world.run_for(1000s);
  EXPECT_EQ(world.kernel.timed_out_at(link), std::nullopt);
}

// --- The listener -------------------------------------------------------------------------------

TEST(Kernel, AcceptsInTheOrderOfArrival) {
  KernelWorld world;
  const Link far = world.connect({.latency = 20ms});
  const Link near = world.connect({.latency = 10ms});
  EXPECT_EQ(world.accept(), Acceptance::would_block);
  world.settle();
  EXPECT_EQ(world.acceptable, 2);
  for (const Link expected : {near, far}) {
    Link link = no_link;
    EXPECT_EQ(world.kernel.accept(world.environment, Transport::lines, link), Acceptance::accepted);
    EXPECT_EQ(link, expected);
  }
  EXPECT_EQ(world.accept(), Acceptance::would_block);
  EXPECT_EQ(world.kernel.open_descriptors(), 2U);
}

TEST(Kernel, LetsAClientTryAgainAfterASecondWhenTheBacklogOverflows) {
  KernelWorld world;
  world.kernel.backlog_max = 1;
  world.connect();
  const Link second = world.connect();
  world.run_for(1ms);
  EXPECT_EQ(world.kernel.backlog_size(), 1U);
  EXPECT_EQ(world.acceptable, 1);
  EXPECT_EQ(world.accept(), Acceptance::accepted);
  world.run_for(1s - 1ns);
  EXPECT_FALSE(world.kernel.is_acceptable());
  EXPECT_FALSE(world.kernel.is_refused(second));
  world.run_for(1ns);
  EXPECT_EQ(world.accept(), Acceptance::accepted);
  EXPECT_TRUE(world.kernel.is_accepted(second));
  EXPECT_EQ(world.acceptable, 2);
  world.settle();
  EXPECT_TRUE(world.kernel.is_established(second));
  EXPECT_EQ(world.environment.faults.at(FaultKind::backlog_overflow).effective, 1U);
}

TEST(Kernel, LetsAClientGiveUpWhenTheBacklogStaysFull) {
  KernelWorld world;
  world.kernel.backlog_max = 1;
  world.connect();
  const Link second = world.connect();
  world.run_for(4s);
  EXPECT_FALSE(world.kernel.is_refused(second));
  world.run_for(1s);
  EXPECT_TRUE(world.kernel.is_refused(second));
  EXPECT_FALSE(world.kernel.is_established(second));
}

TEST(Kernel, ResetsThoseWhoWaitWhenTheListenerCloses) {
  KernelWorld world;
  const Link accepted = world.open();
  const Link waiting = world.connect();
  world.settle();
  world.kernel.set_listening(world.environment, false);
  EXPECT_EQ(world.accept(), Acceptance::would_block);
  EXPECT_EQ(world.kernel.backlog_size(), 0U);
  world.settle();
  EXPECT_TRUE(world.kernel.has_reset_arrived(waiting));
  EXPECT_EQ(world.environment.faults.at(FaultKind::never_received).effective, 1U);
  EXPECT_FALSE(world.kernel.has_reset_arrived(accepted)) << "it stays";
  world.send(accepted, "still there");
  world.settle();
  EXPECT_EQ(world.read(accepted), "still there");
}

TEST(Kernel, RefusesNewcomersWhenTheListenerIsClosed) {
  KernelWorld world;
  world.kernel.set_listening(world.environment, false);
  const Link link = world.connect({.latency = 10ms});
  world.run_for(20ms - 1ns);
  EXPECT_EQ(world.environment.queue.first().kind, Event::Kind::connected) << "the answer";
  world.settle();
  EXPECT_TRUE(world.kernel.is_refused(link));
  EXPECT_FALSE(world.kernel.is_established(link));
  EXPECT_EQ(world.acceptable, 0);
}

TEST(Kernel, HasNothingLeftToAcceptWithAtTheDescriptorLimit) {
  KernelWorld world;
  world.kernel.descriptors_max = 1;
  const Link first = world.open();
  const Link second = world.connect();
  world.settle();
  EXPECT_EQ(world.accept(), Acceptance::exhausted);
  EXPECT_EQ(world.accept(), Acceptance::exhausted);
  EXPECT_TRUE(world.kernel.is_acceptable()) << "it goes on waiting";
  EXPECT_EQ(world.environment.faults.at(FaultKind::no_descriptors).effective, 2U);
  world.kernel.server_close(world.environment, first);
  EXPECT_EQ(world.accept(), Acceptance::accepted);
  EXPECT_TRUE(world.kernel.is_accepted(second));
}

TEST(Kernel, AcceptsAConnectionThatIsDeadAlready) {
  KernelWorld world;
  const Link link = world.connect();
  world.settle();
  world.send(link, "hello");
  world.kernel.reset(world.environment, link);
  world.settle();
  EXPECT_EQ(world.accept(), Acceptance::accepted);
  EXPECT_EQ(world.read(link), "hello");
  EXPECT_EQ(world.read(link), "(reset)");
}

TEST(Kernel, DoesNotConnectAClientThatVanishedOnTheWay) {
  KernelWorld world;
  const Link link = world.connect();
  world.kernel.vanish(world.environment, link);
  world.settle();
  EXPECT_FALSE(world.kernel.is_acceptable());
}

// --- Any schedule -------------------------------------------------------------------------------

struct Sizes {
  std::size_t up;
  std::size_t down;
};

// Both sides write a text in pieces, under every fault that the pipes know, and close in the end.
void exchange(const std::vector<std::uint8_t>& tape, const LinkTraits& traits, Sizes sizes) {
  KernelWorld world{Choices::from_bytes(tape)};
  const Link link = world.open(traits);
  for (const FaultKind fault :
       {FaultKind::cut_anywhere, FaultKind::any_order, FaultKind::one_byte_a_read,
        FaultKind::short_write, FaultKind::would_block, FaultKind::aborted_call}) {
    world.environment.weather.at(fault) = 2;
  }
  const std::string up = text_of(sizes.up);
  const std::string down = text_of(sizes.down);
  std::size_t sent = 0;
  std::size_t written = 0;
  std::string read;
  std::string received;
  constexpr std::size_t piece = 7;
  bool is_over = false;
  for (int round = 0; round < 2'000 && !is_over; ++round) {
    sent += world.send(link, std::string_view{up}.substr(sent, piece));
    if (sent == up.size()) world.kernel.finish(world.environment, link);
    if (written < down.size()) {
      written += world.write(link, std::string_view{down}.substr(written, piece));
      if (written == down.size()) world.kernel.shut_down(world.environment, link);
    }
    world.step();
    received += world.receive(link, piece);
    const std::string part = world.read(link, piece);
    if (part != "(nothing)" && part != "(end)") read += part;
    RC_ASSERT(up.starts_with(read));
    RC_ASSERT(down.starts_with(received));
    is_over = part == "(end)" && world.kernel.has_end_arrived(link);
  }
  RC_ASSERT(is_over);
  RC_ASSERT(read == up);
  RC_ASSERT(received == down);
  RC_ASSERT(world.kernel.is_acknowledged(link));
  world.kernel.server_close(world.environment, link);
  world.kernel.close(world.environment, link);
  while (world.step()) {
  }
  RC_ASSERT(!world.kernel.was_reset_by_server(link));
  RC_ASSERT(!world.kernel.has_fault(link));
  RC_ASSERT(world.kernel.open_descriptors() == 0U);
}

RC_GTEST_PROP(KernelProperty, BringsTheSameBytesWhateverTheTape, ()) {
  const auto tape = *rc::gen::container<std::vector<std::uint8_t>>(
      *rc::gen::inRange<std::size_t>(0, 400), rc::gen::arbitrary<std::uint8_t>());
  const auto size = rc::gen::inRange<std::size_t>(1, 40);
  const LinkTraits traits{.send_buffer = *size, .receive_buffer = *size, .upload_buffer = *size};
  const auto length = rc::gen::inRange<std::size_t>(1, 150);
  exchange(tape, traits, {.up = *length, .down = *length});
}

}  // namespace
}  // namespace lastword::sim
