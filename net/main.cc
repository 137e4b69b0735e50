#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <variant>

#include "net/connect.h"
#include "net/options.h"
#include "net/serve.h"
#include "net/terminal_text.h"

namespace {

// The first files that the program opens would stand in for standard streams that it was started
// without: what is meant for a person would go to a socket. What is opened here instead can't be
// read, or written, either.
void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1) continue;
    static_cast<void>(::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  occupy_closed_streams();
  const auto options = lastword::parse_command_line(argument_count, arguments);
  if (!options) {
    const auto& [exit_code, text] = options.error();
    if (exit_code == 0) {
      std::fputs(text.c_str(), stdout);
    } else {  // one line, whatever stood on the command line
      std::fputs((lastword::shown_harmlessly(text) + "\n").c_str(), stderr);
    }
    return exit_code;
  }
  if (const auto* connecting = std::get_if<lastword::ConnectOptions>(&*options)) {
    return lastword::connect(*connecting);
  }
  return lastword::serve(std::get<lastword::ServeOptions>(*options));
}
