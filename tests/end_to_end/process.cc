#include "tests/end_to_end/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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

// Pointers into the words, with a null pointer at the end, as exec wants them.
std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Ours, and of this process's own what ours does not name.
std::vector<std::string> environment_with(std::vector<std::string> environment) {
  const std::vector<std::string> ours = environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view own(*variable);
    const std::string_view name = own.substr(0, own.find('=') + 1);
    const auto is_named = [name](const std::string& other) { return other.starts_with(name); };
    if (std::ranges::none_of(ours, is_named)) environment.emplace_back(own);
  }
  return environment;
}

struct StandardStreams {
  int input = -1;  // -1: nothing to read
  int output = -1;
  int error = -1;
};

// Between fork and exec: only what is async-signal-safe.
[[noreturn]] void become(const Command& command, char* const* arguments, char* const* environment,
                         const StandardStreams& streams) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) ::signal(number, SIG_DFL);
  if (command.has_group_of_its_own) ::setpgid(0, 0);
  if (command.is_on_terminal) {
    ::setsid();
    ::ioctl(streams.input, TIOCSCTTY, 0);
  }
  const int input = streams.input >= 0 ? streams.input : ::open("/dev/null", O_RDONLY);
  ::dup2(input, STDIN_FILENO);
  ::dup2(streams.output, STDOUT_FILENO);
  ::dup2(streams.error, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  if (command.descriptors_max.has_value()) {
    const rlimit limit{*command.descriptors_max, *command.descriptors_max};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ::execve(command.binary.c_str(), arguments, environment);
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

std::string program_in_path(std::string_view program, std::string_view package) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder + "/" + std::string(program);
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  throw Violation("no " + std::string(program) + " here: install the Debian package " +
                  std::string(package) + " (`sh .ci/install.sh test` does)");
}

Process::Process(const Command& command) : has_group_of_its_own_(command.has_group_of_its_own) {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw_system_error("pipe2");
  output_ = Descriptor(pipe_ends[0]);
  const Descriptor output_of_child(pipe_ends[1]);
  if (::fcntl(output_.number(), F_SETFL, O_NONBLOCK) != 0) throw_system_error("fcntl");
  error_ = Descriptor(::memfd_create("standard_error", MFD_CLOEXEC));
  if (!error_.is_open()) throw_system_error("memfd_create");
  Descriptor input_of_child;
  if (command.has_input) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      throw_system_error("socketpair");
    }
    input_ = Descriptor(ends[0]);
    input_of_child = Descriptor(ends[1]);
  }

  std::vector<std::string> words{command.binary};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  const std::vector<char*> arguments = pointers_to(words);
  std::vector<std::string> variables = environment_with(command.environment);
  const std::vector<char*> environment = pointers_to(variables);

  id_ = ::fork();
  if (id_ < 0) throw_system_error("fork");
  if (id_ == 0) {
    const auto or_else = [](int given, const Descriptor& usual) {
      return given >= 0 ? given : usual.number();
    };
    become(command, arguments.data(), environment.data(),
           {.input = or_else(command.input, input_of_child),
            .output = or_else(command.output, output_of_child),
            .error = or_else(command.error, error_)});
  }
  // Here too, so that there is a group whichever of the two goes first.
  if (has_group_of_its_own_) ::setpgid(id_, id_);
  // By number: the C library's header has no C++ linkage in Debian 12.
  process_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, id_, 0)));
  if (!process_.is_open()) throw_system_error("pidfd_open");
}

Process::~Process() {
  if (!is_running()) return;
  ::kill(id_, SIGKILL);
  end_group();
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

void Process::write_input(std::string_view bytes) {
  Watchdog watchdog("process " + std::to_string(id_) + " to read its standard input");
  while (!bytes.empty()) {
    std::array<pollfd, 2> waited{};
    waited[0] = pollfd{input_.number(), POLLOUT, 0};
    waited[1] = pollfd{is_output_at_end_ ? -1 : output_.number(), POLLIN, 0};
    ::poll(waited.data(), waited.size(), watchdog.poll_timeout_ms());
    if (waited[1].revents != 0) take_output();
    if (waited[0].revents == 0) continue;
    const ssize_t count =
        ::send(input_.number(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EAGAIN && errno != EINTR) {
      throw Violation("process " + std::to_string(id_) +
                      " takes no more input; its standard error:\n" + standard_error());
    }
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
  end_group();
  int status = 0;
  if (::waitpid(id_, &status, 0) != id_) throw_system_error("waitpid");
  exit_status_ =
      WIFEXITED(status) ? ExitStatus{WEXITSTATUS(status), 0} : ExitStatus{-1, WTERMSIG(status)};
  return *exit_status_;
}

// Before the process is reaped: until then nobody else gets the number of the group.
void Process::end_group() const {
  if (has_group_of_its_own_) ::kill(-id_, SIGKILL);
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
