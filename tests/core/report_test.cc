#include "core/report.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

namespace lastword {
namespace {

using namespace std::chrono_literals;

Report clean_report() {
  Report report{.reason = StopReason::terminate, .drain = 12ms, .books = {}};
  report.books.accepted = 1000;
  report.books.total = 1000;
  report.books.delivered = 998;
  report.books.failed = {1, 1, 0, 0};
  report.books.connections_total = 20;
  report.books.connections_clean = 19;
  report.books.connections_failed = 1;
  return report;
}

TEST(Report, IsTheExampleOfTheContract) {
  EXPECT_EQ(to_json(clean_report()),
            R"({"event":"shutdown","clean":true,"reason":"SIGTERM","drain_ms":12,)"
            R"("messages":{"accepted":1000},)"
            R"("deliveries":{"total":1000,"delivered":998,)"
            R"("failed":{"not_connected":1,"peer_gone":1,"slow_consumer":0,"drain_deadline":0}},)"
            R"("connections":{"total":20,"clean":19,"failed":1}})");
}

TEST(Report, PutsEachCountInItsPlace) {
  Report report{.reason = StopReason::interrupt, .drain = 3s, .books = {}};
  report.books.accepted = 1;
  report.books.total = 2;
  report.books.delivered = 3;
  report.books.failed = {4, 5, 6, 7};
  report.books.connections_total = 8;
  report.books.connections_clean = 9;
  report.books.connections_failed = 10;
  EXPECT_EQ(to_json(report),
            R"({"event":"shutdown","clean":false,"reason":"SIGINT","drain_ms":3000,)"
            R"("messages":{"accepted":1},)"
            R"("deliveries":{"total":2,"delivered":3,)"
            R"("failed":{"not_connected":4,"peer_gone":5,"slow_consumer":6,"drain_deadline":7}},)"
            R"("connections":{"total":8,"clean":9,"failed":10}})");
}

TEST(Report, IsCleanUnlessTheShutdownItselfCutDeliveriesOff) {
  Report report = clean_report();
  report.books.failed = {100, 100, 100, 0};
  report.books.connections_failed = 100;
  EXPECT_TRUE(report.is_clean());
  report.books.failed = {0, 0, 0, 1};
  EXPECT_FALSE(report.is_clean());
}

TEST(Report, CountsWholeMilliseconds) {
  Report report = clean_report();
  const auto drain_ms = [&](Duration drain) {
    report.drain = drain;
    const std::string json = to_json(report);
    const std::string key = "\"drain_ms\":";
    const std::size_t begin = json.find(key) + key.size();
    return json.substr(begin, json.find(',', begin) - begin);
  };
  EXPECT_EQ(drain_ms(0ns), "0");
  EXPECT_EQ(drain_ms(999'999ns), "0");
  EXPECT_EQ(drain_ms(1ms), "1");
  EXPECT_EQ(drain_ms(12'999'999ns), "12");
  EXPECT_EQ(drain_ms(1h), "3600000");
}

TEST(Report, IsOneLineEvenAtTheLargestCounts) {
  Report report = clean_report();
  report.books.accepted = std::numeric_limits<std::uint64_t>::max();
  const std::string json = to_json(report);
  EXPECT_NE(json.find("\"accepted\":18446744073709551615}"), std::string::npos);
  EXPECT_EQ(json.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace lastword
