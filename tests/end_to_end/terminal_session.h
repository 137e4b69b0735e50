// TerminalSession: `lastword connect` on a pseudoterminal, as a person has it: keys go in, and what
// would be on the screen comes out.
//
// On a failing test the destructor prints what came out.
#pragma once

#include <poll.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/descriptor.h"
#include "tests/end_to_end/participant.h"
#include "tests/end_to_end/process.h"

namespace lastword::end_to_end {

class TerminalSession final : public Participant {
 public:
  // `environment` besides TERM.
  TerminalSession(const std::string& url, const std::string& name,
                  std::vector<std::string> environment = {});
  ~TerminalSession() override;

  // Presses keys; control keys are their bytes ("\x03" is Ctrl-C).
  void type(std::string_view keys);
  // Waits until this comes out, behind all that was seen before. Returns what came before it.
  std::string see(std::string_view text);
  // All that came out so far, raw.
  [[nodiscard]] const std::string& output() const { return output_; }

  // Whether keys are shown by the terminal itself, and lines kept until they are whole.
  [[nodiscard]] bool is_in_line_mode() const;

  void send_signal(int signal) const { process_.send_signal(signal); }
  ExitStatus wait_for_exit();

  void add_waits(std::vector<pollfd>& waits) const override;
  void handle(std::span<const pollfd> ready) override;

 private:
  struct Ends {
    Ends();
    Descriptor master;
    Descriptor slave;
  };
  TerminalSession(const std::string& url, const std::string& name,
                  std::vector<std::string> environment, Ends ends);

  Descriptor master_;
  // Kept open, so that the terminal's settings can be looked at when the process is gone.
  Descriptor slave_;
  Process process_;
  bool has_ended_ = false;
  std::string output_;
  std::size_t seen_ = 0;
};

// Without escape sequences.
[[nodiscard]] std::string plain(std::string_view output);

}  // namespace lastword::end_to_end
