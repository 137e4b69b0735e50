#include "tests/end_to_end/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <sstream>
#include <system_error>

#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

constexpr int could_not_execute = 127;  // as shells have it

[[noreturn]] void throw_system_error(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Between fork and exec: only what is async-signal-safe.
[[noreturn]] void become(const Command& command, char* const* arguments, int output, int error) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) ::signal(number, SIG_DFL);
  const int input = ::open("/dev/null", O_RDONLY);
  ::dup2(input, STDIN_FILENO);
  ::close(input);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(error, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  if (command.descriptors_max.has_value()) {
    const rlimit limit{*command.descriptors_max, *command.descriptors_max};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ::execv(command.binary.c_str(), arguments);
  ::_exit(could_not_execute);
}

}  // namespace

std::string to_string(const ExitStatus& status) {
  if (status.signal != 0) return "ended by signal " + std::to_string(status.signal);
  return "exit code " + std::to_string(status.code);
}

void PrintTo(const ExitStatus& status, std::ostream* out) { *out << to_string(status); }

std::string lastword_binary() {
  const char* const named = std::getenv("LASTWORD_BINARY");
  return named != nullptr ? named : LASTWORD_BINARY;
}

Process::Process(const Command& command) {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw_system_error("pipe2");
  output_ = Descriptor(pipe_ends[0]);
  const Descriptor output_of_child(pipe_ends[1]);
  if (::fcntl(output_.number(), F_SETFL, O_NONBLOCK) != 0) throw_system_error("fcntl");
  error_ = Descriptor(::memfd_create("standard_error", MFD_CLOEXEC));
  if (!error_.is_open()) throw_system_error("memfd_create");

  std::vector<std::string> words{command.binary};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  id_ = ::fork();
  if (id_ < 0) throw_system_error("fork");
  if (id_ == 0) become(command, arguments.data(), output_of_child.number(), error_.number());
  // By number: the C library's header has no C++ linkage in Debian 12.
  process_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, id_, 0)));
  if (!process_.is_open()) throw_system_error("pidfd_open");
}

Process::~Process() {
  if (!is_running()) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

std::optional<std::string> Process::read_output_line() {
  Watchdog watchdog("a line on the standard output of process " + std::to_string(id_));
  for (;;) {
    const std::size_t line_end = standard_output_.find('\n', output_taken_);
    if (line_end != std::string::npos) {
      std::string line = standard_output_.substr(output_taken_, line_end - output_taken_);
      output_taken_ = line_end + 1;
      return line;
    }
    if (is_output_at_end_) return std::nullopt;
    pollfd readable{output_.number(), POLLIN, 0};
    ::poll(&readable, 1, watchdog.poll_timeout_ms());
    take_output();
  }
}

void Process::close_standard_output() {
  output_.close();
  is_output_at_end_ = true;
}

void Process::send_signal(int signal) const {
  if (::kill(id_, signal) != 0) throw_system_error("kill");
}

void Process::wait_until_asleep() const {
  for (const Watchdog watchdog("process " + std::to_string(id_) + " to wait");; watchdog.check()) {
    std::ifstream stat(proc_path("stat"));
    std::string text;
    std::getline(stat, text);
    if (text.find(") S ") != std::string::npos) return;  // PID (NAME) STATE ..., see proc(5)
  }
}

ExitStatus Process::wait_for_exit() {
  if (exit_status_.has_value()) return *exit_status_;
  Watchdog watchdog("the end of process " + std::to_string(id_) + "; its standard error so far:\n" +
                    standard_error());
  std::array<pollfd, 2> waited{};
  do {
    waited[0] = pollfd{process_.number(), POLLIN, 0};
    waited[1] = pollfd{is_output_at_end_ ? -1 : output_.number(), POLLIN, 0};
    ::poll(waited.data(), waited.size(), watchdog.poll_timeout_ms());
    if (waited[1].revents != 0) take_output();
  } while (waited[0].revents == 0);
  take_output();
  int status = 0;
  if (::waitpid(id_, &status, 0) != id_) throw_system_error("waitpid");
  exit_status_ =
      WIFEXITED(status) ? ExitStatus{WEXITSTATUS(status), 0} : ExitStatus{-1, WTERMSIG(status)};
  return *exit_status_;
}

void Process::take_output() {
  std::array<char, 4096> bytes{};
  while (!is_output_at_end_) {
    const ssize_t count = ::read(output_.number(), bytes.data(), bytes.size());
    if (count < 0) return;  // nothing more at the moment
    if (count == 0) is_output_at_end_ = true;
    standard_output_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

std::string Process::standard_error() const {
  std::string text;
  std::array<char, 4096> bytes{};
  for (;;) {
    const ssize_t count =
        ::pread(error_.number(), bytes.data(), bytes.size(), static_cast<off_t>(text.size()));
    if (count <= 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

std::string Process::proc_path(std::string_view file) const {
  return "/proc/" + std::to_string(id_) + "/" + std::string(file);
}

std::size_t Process::status_kibibytes(std::string_view key) const {
  std::ifstream status(proc_path("status"));
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(key)) continue;
    std::istringstream figure(line.substr(key.size()));
    std::size_t kibibytes = 0;
    figure >> kibibytes;
    return kibibytes;
  }
  throw Violation("process " + std::to_string(id_) + " has no " + std::string(key));
}

std::size_t Process::resident_bytes() const { return status_kibibytes("VmRSS:") * 1024; }

std::size_t Process::resident_bytes_peak() const { return status_kibibytes("VmHWM:") * 1024; }

bool Process::has_mapped(std::string_view file) const {
  std::ifstream maps(proc_path("maps"));
  for (std::string line; std::getline(maps, line);) {
    if (line.find(file) != std::string::npos) return true;
  }
  return false;
}

bool Process::has_shadow_memory() const {
  constexpr std::size_t one_tebibyte_in_kibibytes = std::size_t{1} << 30;
  return status_kibibytes("VmSize:") > one_tebibyte_in_kibibytes;
}

std::size_t Process::open_descriptors() const {
  const std::filesystem::directory_iterator entries(proc_path("fd"));
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::chrono::nanoseconds Process::cpu_time() const {
  clockid_t clock{};
  if (const int error = ::clock_getcpuclockid(id_, &clock); error != 0) {
    throw std::system_error(error, std::generic_category(), "clock_getcpuclockid");
  }
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) throw_system_error("clock_gettime");
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace lastword::end_to_end
