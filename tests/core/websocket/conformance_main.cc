// Prints the conformance table by category; exits with 1 if a case failed.
//
//   lastword_conformance          the table, and what went wrong in the cases that failed
//   lastword_conformance 5.19     the cases with these numbers alone, each with its sentence
//   lastword_conformance 6.       the same of all whose numbers begin so
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <span>

#include "tests/core/websocket/conformance.h"

namespace {

using lastword::test::conformance::Case;
using lastword::test::conformance::Category;
using lastword::test::conformance::run;
using lastword::test::conformance::table;

struct Totals {
  std::size_t cases = 0;
  std::size_t passed = 0;
  std::vector<std::string> failures{};  // number, sentence and what went wrong
};

void print_row(std::string_view name, std::string_view title, const Totals& totals,
               std::string_view failed) {
  std::cout << std::left << "  " << std::setw(4) << name << std::setw(50) << title << std::right
            << std::setw(6) << totals.cases << std::setw(8) << totals.passed << "  " << failed
            << "\n";
}

void play(const Category& category, Totals& totals) {
  Totals own;
  std::string failed;
  for (const Case& which : category.cases) {
    ++own.cases;
    const std::string mismatch = run(which);
    if (mismatch.empty()) {
      ++own.passed;
      continue;
    }
    failed.append(failed.empty() ? "" : " ").append(which.number);
    totals.failures.push_back(which.number + "  " + which.sentence + "\n      " + mismatch);
  }
  print_row(category.name, category.title, own, failed);
  std::cout.flush();
  totals.cases += own.cases;
  totals.passed += own.passed;
}

int play_all() {
  std::cout << "Conformance of the WebSocket front door, by category (1 to 13 as in the Autobahn "
               "testsuite)\n\n"
            << std::left << "  " << std::setw(54) << "" << std::right << std::setw(6) << "cases"
            << std::setw(8) << "passed" << "  failed\n";
  Totals totals;
  for (const Category& category : table()) play(category, totals);
  print_row("", "all", totals, totals.failures.empty() ? "none" : "");
  if (!totals.failures.empty()) std::cout << "\n";
  for (const std::string& failure : totals.failures) std::cout << "  " << failure << "\n";
  return totals.failures.empty() ? 0 : 1;
}

int play_some(std::span<char*> numbers) {
  const auto is_meant = [](const Case& which, std::string_view number) {
    return which.number == number || (number.ends_with('.') && which.number.starts_with(number));
  };
  std::size_t played = 0;
  bool has_failed = false;
  for (const Category& category : table()) {
    for (const Case& which : category.cases) {
      if (!std::ranges::any_of(numbers, [&](const char* each) { return is_meant(which, each); })) {
        continue;
      }
      ++played;
      const std::string mismatch = run(which);
      std::cout << (mismatch.empty() ? "passed  " : "FAILED  ") << which.number << "  "
                << which.sentence << "\n";
      if (mismatch.empty()) continue;
      std::cout << "          " << mismatch << "\n";
      has_failed = true;
    }
  }
  if (played == 0) std::cout << "there is no such case\n";
  return has_failed || played == 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char*> arguments{argv, static_cast<std::size_t>(argc)};
  return argc > 1 ? play_some(arguments.subspan(1)) : play_all();
}
