// The whole simulated world (docs/SIMULATION.md): the production core, server and client, behind
// the production pumps, in virtual time. The input is the tape of a run (tape_bytes.h).
//
// Oracles
//   properties  all that the simulator checks, I1 to L8, after every fact and at the end of the
//               run; a check of the code's own that fails counts as one
//   I16         the same tape gives the same hash over all events and all output, if the input
//               asks for it; so does the tape that the run recorded
//   chunking    here it is choices that cut: segment_cut says where a sender's bytes are cut, and
//               read_size that a read brings one byte. In one read of 24, and in every read if the
//               input asks for it, a copy of the server gets the same bytes in two pieces and must
//               come to the same state (I12)
//   time        no run takes 25 s of CPU time
//
// A run of more than 20,000 steps is ended there, and nothing is judged that belongs to an end. (A
// loop that goes idle circles has broken I10 long before.)
//
// Besides the edges of the core, libFuzzer is led by what the simulator calls rare: each mark that
// is hit and each fault that is effective, and how often (powers of two).
//
// What breaks goes through the reducer, and is told as a story. The case and the smallest input are
// written to the folder that the environment variable LASTWORD_FUZZ_CASES names, or to this one.
// (An error that a sanitizer finds, or a check that fails below something noexcept, ends the
// program at once: `lastword_fuzz_tape_seeds case INPUT` prints libFuzzer's input as a case then.)
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/digest.h"
#include "fuzz/cpu_limit.h"
#include "fuzz/oracle.h"
#include "fuzz/random.h"
#include "fuzz/tape_bytes.h"
#include "fuzz/tape_failure.h"
#include "fuzz/tape_mutator.h"
#include "fuzz/tape_run.h"
#include "fuzz/tape_splice.h"
#include "fuzz/target.h"
#include "sim/readable.h"
#include "sim/run.h"

namespace lastword::fuzz {
namespace {

// The longest takes a hundredth of it, with sanitizers and on a slow machine.
constexpr std::chrono::seconds run_time_max{25};

[[noreturn]] void fail(const TapeFailure& failure) {
  const char* const folder = std::getenv("LASTWORD_FUZZ_CASES");
  const Runner run = [](const sim::Scenario& scenario, const sim::Tape& tape) {
    return run_tape(scenario, tape);
  };
  std::fprintf(stderr, "%s is broken by a tape of %zu choices; to make it smaller takes a while\n",
               std::string{short_name(failure.violation.property)}.c_str(), failure.tape.size());
  break_oracle(oracle_name(failure.violation.property),
               tell_failure(failure, folder == nullptr ? "." : folder, run));
}

// The same run again must be the same.
std::optional<TapeFailure> check_again(const TapeInput& input, const sim::Tape& tape,
                                       const sim::Outcome& first, const char* what) {
  const sim::Outcome second = run_tape(*input.scenario, tape).outcome;
  if (second.hash == first.hash) return std::nullopt;
  const auto traced = [&](const sim::Tape& of) {
    return sim::run_traced(*input.scenario, sim::Choices::replayed(of));
  };
  return TapeFailure{.scenario = input.scenario,
                     .tape = first.tape,
                     .violation = {.property = sim::Property::determinism,
                                   .text = std::string{what} +
                                           " gave another hash: " + sim::hexadecimal(first.hash) +
                                           " and " + sim::hexadecimal(second.hash) + "; " +
                                           first_difference(traced(input.tape), traced(tape))},
                     .found = TapeFailure::Found::in_comparison};
}

// Runs the input, and holds what comes of it against the oracles.
std::expected<TapeRun, TapeFailure> check(const TapeInput& input) {
  const CpuLimit limit{run_time_max};
  const sim::Tape tape = input.checks.is_cut_often ? checked_often(input.tape) : input.tape;
  TapeRun done = run_tape(*input.scenario, tape);
  const sim::Outcome& outcome = done.outcome;
  std::optional<TapeFailure> failure;
  if (!outcome.violations.empty()) {
    failure = TapeFailure{
        .scenario = input.scenario, .tape = outcome.tape, .violation = outcome.violations.front()};
  }
  if (!failure && input.checks.is_run_twice) {
    failure = check_again(input, tape, outcome, "the same tape, run again,");
  }
  if (!failure && input.checks.is_replayed) {
    failure = check_again(input, outcome.tape, outcome, "what the run recorded, replayed,");
  }
  if (failure) return std::unexpected{std::move(*failure)};
  return done;
}

}  // namespace
}  // namespace lastword::fuzz

#ifdef LASTWORD_FUZZ

namespace lastword::fuzz {
namespace {

// --- What leads libFuzzer ------------------------------------------------------------------------

// One counter for each power of two: how often something happened is news only if it doubles.
constexpr std::size_t powers = 8;
constexpr std::size_t counted_things = sim::fault_count + sim::mark_count;

using Situations = std::array<std::uint8_t, counted_things * powers>;

// libFuzzer reads it after each run, and clears it before the next.
// NOLINTNEXTLINE(*-avoid-non-const-global-variables): it is found by its section.
__attribute__((section("__libfuzzer_extra_counters"))) Situations situations;

void count(std::size_t thing, std::uint64_t times) {
  if (times == 0) return;
  std::size_t power = 0;
  while (power + 1 < powers && times >> (power + 1) != 0) ++power;
  situations[thing * powers + power] = 1;
}

void count_situations(const sim::Outcome& outcome) {
  for (std::size_t fault = 0; fault < sim::fault_count; ++fault) {
    count(fault, outcome.faults.of[fault].effective);
  }
  for (std::size_t mark = 0; mark < sim::mark_count; ++mark) {
    count(sim::fault_count + mark, outcome.marks.of[mark]);
  }
}

// --- What leads the mutator ----------------------------------------------------------------------

// How the runs of recent inputs went. libFuzzer mutates an input again and again, and most of those
// that it mutates were run not long ago.
class Courses {
 public:
  void remember(std::span<const std::uint8_t> bytes, Course course) {
    const std::uint64_t digest = digest_of(bytes);
    latest_ = digest;
    courses_[digest % courses_.size()] = {.digest = digest, .course = std::move(course)};
  }

  // If it is forgotten, another one's is better than none.
  [[nodiscard]] const Course& of(std::span<const std::uint8_t> bytes) const {
    const std::uint64_t digest = digest_of(bytes);
    const Remembered& found = courses_[digest % courses_.size()];
    return found.digest == digest ? found.course : courses_[latest_ % courses_.size()].course;
  }

 private:
  struct Remembered {
    std::uint64_t digest = 0;
    Course course;
  };

  static std::uint64_t digest_of(std::span<const std::uint8_t> bytes) {
    Digest digest;
    for (const std::uint8_t byte : bytes) digest.add(byte);
    return digest.value();
  }

  static constexpr std::size_t remembered_max = 4096;  // of some kilobytes each
  std::vector<Remembered> courses_ = std::vector<Remembered>(remembered_max);
  std::uint64_t latest_ = 0;
};

Courses& courses() {
  static Courses courses;
  return courses;
}

TapeInput run_by_chance(const sim::Scenario& scenario, Random& random) {
  const TapeRun done = run_tape(scenario, sim::Choices::seeded(random.next()));
  return {.scenario = &scenario, .checks = {}, .tape = done.outcome.tape};
}

// A run that nobody has planned, or half of one. Those that libFuzzer keeps are as small as they
// can be and still show what is new in them: for what takes many things to come together, there
// must be many.
TapeInput mixed_with_chance(const TapeInput& input, Random& random) {
  switch (random.below(8)) {
    case 0:
      return run_by_chance(draw_scenario(random), random);
    case 1:
    case 2: {
      const TapeInput chance = run_by_chance(*input.scenario, random);
      return splice(input, chance, draw_splice(input, chance, random));
    }
    case 3:
    case 4: {
      const TapeInput chance = run_by_chance(*input.scenario, random);
      return splice(chance, input, draw_splice(chance, input, random));
    }
    default:
      return run_by_chance(*input.scenario, random);
  }
}

std::size_t write(const TapeInput& input, std::span<std::uint8_t> out) {
  const std::vector<std::uint8_t> bytes = encode(input);
  LASTWORD_CHECK(bytes.size() <= out.size());
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return bytes.size();
}

}  // namespace
}  // namespace lastword::fuzz

// NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier): these names are
// libFuzzer's and AddressSanitizer's.

// A third more runs in the same time. What is lost, uses of a stack frame that is gone, is still
// found where the tests replay the corpus with the preset `asan`.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "detect_stack_use_after_return=0:malloc_context_size=5:quarantine_size_mb=16";
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t size_max, unsigned int seed) {
  using namespace lastword::fuzz;
  if (size_max < tape_head_size) return size;
  Random random{seed};
  const std::span<std::uint8_t> out{data, size_max};
  const TapeInput before = decode(out.first(size));
  TapeInput input;
  switch (random.below(16)) {
    case 0:  // whatever our mutator does not think of
      input = decode(out.first(LLVMFuzzerMutate(data, size, size_max)));
      break;
    case 1:
    case 2:
    case 3:
      input = mixed_with_chance(before, random);
      break;
    default:
      input = before;
      mutate(input, courses().of(out.first(size)), random);
      break;
  }
  fit(input, size_max, random);
  return write(input, out);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                                 const std::uint8_t* data2, std::size_t size2,
                                                 std::uint8_t* out, std::size_t out_size_max,
                                                 unsigned int seed) {
  using namespace lastword::fuzz;
  if (out_size_max < tape_head_size) return 0;
  Random random{seed};
  const TapeInput first = decode({data1, size1});
  const TapeInput second = decode({data2, size2});
  TapeInput spliced = splice(first, second, draw_splice(first, second, random));
  fit(spliced, out_size_max, random);
  return write(spliced, {out, out_size_max});
}
// NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier)

#endif

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lastword::fuzz;
  const std::span<const std::uint8_t> bytes{data, size};
  std::expected<TapeRun, TapeFailure> done = check(decode(bytes));
  if (!done) fail(done.error());
#ifdef LASTWORD_FUZZ
  count_situations(done->outcome);
  courses().remember(bytes, std::move(done->course));
#endif
  return 0;
}
