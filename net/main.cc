#include <cstdio>
#include <variant>

#include "net/connect.h"
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
  if (const auto* connecting = std::get_if<lastword::ConnectOptions>(&*options)) {
    return lastword::connect(*connecting);
  }
  return lastword::serve(std::get<lastword::ServeOptions>(*options));
}
