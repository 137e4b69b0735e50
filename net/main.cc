#include <cstdio>

#include "net/options.h"
#include "net/serve.h"

int main(int argument_count, char** arguments) {
  const auto options = lastword::parse_command_line(argument_count, arguments);
  if (!options) {
    const bool is_asked_for = options.error().exit_code == 0;
    std::fputs((options.error().text + (is_asked_for ? "" : "\n")).c_str(),
               is_asked_for ? stdout : stderr);
    return options.error().exit_code;
  }
  return lastword::serve(*options);
}
