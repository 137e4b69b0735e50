#include "server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace lastword::bench {

using std::chrono::steady_clock;

namespace {

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw LoadFailure(what + ": " + std::generic_category().message(errno));
}

std::filesystem::path process_folder(pid_t process) {
  return std::filesystem::path("/proc") / std::to_string(process);
}

std::ifstream open_or_fail(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw LoadFailure("can't read " + path.string() + ": has the server ended?");
  return file;
}

// The figure behind a label such as "Anonymous:"; in the file's own unit.
std::uint64_t labelled_figure(const std::filesystem::path& path, std::string_view label) {
  std::ifstream file = open_or_fail(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(label)) continue;
    return std::stoull(line.substr(label.size()));
  }
  throw LoadFailure("no " + std::string(label) + " in " + path.string());
}

std::chrono::nanoseconds duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

bool sleeps(const std::filesystem::path& task) {
  std::ifstream file = open_or_fail(task / "stat");
  std::string line;
  std::getline(file, line);
  // "ID (NAME) STATE ...", and the name may hold a bracket.
  const std::size_t name_end = line.rfind(')');
  return name_end != std::string::npos && line.substr(name_end + 1).starts_with(" S");
}

template <typename Visit>
void for_each_task(pid_t process, Visit visit) {
  const std::filesystem::path folder = process_folder(process) / "task";
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(folder, error)) visit(task.path());
  if (error) throw LoadFailure("can't read " + folder.string() + ": has the server ended?");
}

void wait_until_asleep(pid_t process) {
  const auto patience_end = steady_clock::now() + std::chrono::seconds(1);
  bool all_sleep = false;
  while (!all_sleep && steady_clock::now() < patience_end) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    all_sleep = true;
    for_each_task(process, [&](const auto& task) { all_sleep = sleeps(task) && all_sleep; });
  }
}

sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// Nobody listens at it now. Another program might take it in the next moment: then the server says
// so and ends, and the run has failed.
std::uint16_t find_free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback_address(0);
  socklen_t size = sizeof address;
  auto* raw_address = reinterpret_cast<sockaddr*>(&address);
  const bool is_bound =
      bind(probe, raw_address, size) == 0 && getsockname(probe, raw_address, &size) == 0;
  close(probe);
  if (!is_bound) fail_with_errno("no free port");
  return ntohs(address.sin_port);
}

bool listens_at(std::uint16_t port) {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback_address(port);
  const auto* raw_address = reinterpret_cast<const sockaddr*>(&address);
  const bool listens = connect(probe, raw_address, sizeof address) == 0;
  close(probe);
  return listens;
}

}  // namespace

Address parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) throw LoadFailure("no HOST:PORT: " + text);
  Address address;
  address.host = text.substr(0, colon);
  const std::string_view port = std::string_view(text).substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  in_addr parsed{};
  const bool is_loopback = inet_pton(AF_INET, address.host.c_str(), &parsed) == 1 &&
                           (ntohl(parsed.s_addr) >> 24) == IN_LOOPBACKNET;
  if (error != std::errc{} || end != port.data() + port.size() || !is_loopback) {
    throw LoadFailure("no loopback address (127.x.x.x:PORT): " + text);
  }
  return address;
}

ProcessUsage settled_usage(pid_t process) {
  wait_until_asleep(process);
  return usage_of(process);
}

ProcessUsage usage_of(pid_t process) {
  ProcessUsage usage;
  for_each_task(process, [&](const std::filesystem::path& task) {
    std::int64_t cpu_ns = 0;
    open_or_fail(task / "schedstat") >> cpu_ns;
    usage.cpu += std::chrono::nanoseconds(cpu_ns);
    usage.wake_ups += labelled_figure(task / "status", "voluntary_ctxt_switches:");
  });
  return usage;
}

ProcessMemory memory_of(pid_t process) {
  constexpr std::uint64_t kibibyte = 1024;  // smaps_rollup says kB and means this
  const std::filesystem::path path = process_folder(process) / "smaps_rollup";
  return {.anonymous_bytes = kibibyte * labelled_figure(path, "Anonymous:"),
          .private_bytes = kibibyte * (labelled_figure(path, "Private_Clean:") +
                                       labelled_figure(path, "Private_Dirty:"))};
}

void pin_to_cpu(pid_t process, std::size_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(process, sizeof set, &set) != 0) fail_with_errno("can't pin to a CPU");
}

std::optional<CpuPair> find_two_cpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) fail_with_errno("CPUs");
  std::optional<std::size_t> first;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    if (first) return CpuPair{.driver = *first, .server = cpu};
    first = cpu;
  }
  return std::nullopt;
}

ServerProcess::ServerProcess(const std::string& command, Placement placement,
                             std::chrono::seconds patience) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) fail_with_errno("pipe");
  std::string script = "exec " + command;  // so that the id is the server's, not the shell's
  constexpr std::string_view placeholder = "{port}";
  if (const std::size_t place = script.find(placeholder); place != std::string::npos) {
    given_address_ = {.host = "127.0.0.1", .port = find_free_port()};
    script.replace(place, placeholder.size(), std::to_string(given_address_->port));
  }
  id_ = fork();
  if (id_ < 0) fail_with_errno("fork");
  if (id_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (placement.cpu) pin_to_cpu(0, *placement.cpu);  // before exec, so for all its threads
    dup2(pipe_ends[1], STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
    _exit(127);
  }
  close(pipe_ends[1]);
  output_ = pipe_ends[0];
  const auto patience_end = steady_clock::now() + patience;
  if (given_address_) {
    await_listener(patience_end);
  } else {
    await_ready_line(patience_end);
  }
}

void ServerProcess::await_ready_line(steady_clock::time_point patience_end) {
  std::size_t line_end = unread_.find('\n');
  while (line_end == std::string::npos) {
    if (!read_more(patience_end)) throw LoadFailure("the server ended without a ready line");
    line_end = unread_.find('\n');
  }
  ready_line_ = unread_.substr(0, line_end);
  unread_.erase(0, line_end + 1);
}

void ServerProcess::await_listener(steady_clock::time_point patience_end) {
  constexpr auto pause = std::chrono::milliseconds(5);
  while (!listens_at(given_address_->port)) {
    if (steady_clock::now() > patience_end) throw LoadFailure("the server does not listen");
    // The pipe says more, or that it has ended; where it says nothing, this is the pause.
    pollfd readable{.fd = output_, .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, static_cast<int>(pause.count())) == 0) continue;
    if (!read_more(patience_end)) throw LoadFailure("the server ended before it listened");
  }
}

ServerProcess::~ServerProcess() {
  if (output_ >= 0) close(output_);
  if (id_ <= 0) return;
  kill(id_, SIGKILL);
  waitpid(id_, nullptr, 0);
}

Address ServerProcess::address(const std::string& listener) const {
  if (given_address_) return *given_address_;
  const std::string start = listener + "=";
  std::istringstream words(ready_line_);
  for (std::string word; words >> word;) {
    if (word.starts_with(start) && word != start + "none") {
      return parse_address(word.substr(start.size()));
    }
  }
  throw LoadFailure("the server does not listen at " + listener + ": " + ready_line_);
}

void ServerProcess::ask_to_stop() const { kill(id_, given_address_ ? SIGINT : SIGTERM); }

ServerProcess::Ending ServerProcess::end(std::chrono::seconds patience) {
  const auto patience_end = steady_clock::now() + patience;
  while (read_more(patience_end)) {
  }
  int status = 0;
  rusage usage{};
  wait4(id_, &status, 0, &usage);
  id_ = -1;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw LoadFailure("the server ended with wait status " + std::to_string(status));
  }
  return {.last_words = std::exchange(unread_, {}),
          .cpu = duration_of(usage.ru_utime) + duration_of(usage.ru_stime)};
}

bool ServerProcess::read_more(steady_clock::time_point patience_end) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(patience_end - steady_clock::now());
  pollfd readable{.fd = output_, .events = POLLIN, .revents = 0};
  const auto timeout = std::max<std::int64_t>(left.count(), 0);
  if (poll(&readable, 1, static_cast<int>(timeout)) != 1) {
    throw LoadFailure("the server neither wrote nor ended within the driver's patience");
  }
  std::array<char, 4096> buffer;
  const ssize_t count = read(output_, buffer.data(), buffer.size());
  if (count <= 0) return false;
  unread_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

}  // namespace lastword::bench
