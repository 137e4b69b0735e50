// The lives of the server: one process after the other on the same address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config.h"
#include "sim/environment.h"
#include "sim/excuses.h"
#include "sim/host.h"
#include "sim/kernel.h"
#include "sim/oracle.h"
#include "sim/shutdown.h"

namespace lastword::sim {

// A process, the oracle that judges it, and its end. What it leaves behind lies in the kernel only:
// what it had written arrives or not when it is long gone, and is judged at the end of the run.
class Life {
 public:
  // What a life is made in.
  struct Place {
    Environment& environment;
    Kernel& kernel;
    Excuses& excuses;
  };

  // The process starts. `number` counts the lives from 0 on.
  Life(const Config& config, std::uint32_t number, std::optional<Legacy> legacy,
       const Place& place);
  // A snapshot, which goes on in another world.
  Life(const Life& other, const Place& place);
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;
  ~Life() = default;

  Oracle oracle;
  Host host;
  Shutdown shutdown;
};

// All lives in their order; only the last one's process can be running.
class Lives {
 public:
  Lives(const Config& config, const Life::Place& place);
  Lives(const Lives& other, const Life::Place& place);
  Lives(const Lives&) = delete;
  Lives& operator=(const Lives&) = delete;
  ~Lives() = default;

  // A new process starts. The one before it must have ended.
  void begin(const Config& config, const Life::Place& place);

  [[nodiscard]] Life& current() { return *lives_.back(); }
  [[nodiscard]] const Life& current() const { return *lives_.back(); }
  [[nodiscard]] Life& at(std::size_t number) { return *lives_[number]; }
  [[nodiscard]] const Life& at(std::size_t number) const { return *lives_[number]; }
  [[nodiscard]] std::size_t size() const { return lives_.size(); }

  // Everything has come to rest.
  void judge_end();

  // In all of them.
  [[nodiscard]] std::uint64_t facts() const;
  [[nodiscard]] std::uint64_t accepted() const;
  [[nodiscard]] std::uint64_t deliveries() const;
  // The texts of the client's messages that they accepted, in their order.
  [[nodiscard]] std::vector<std::string> accepted_from(Chooser client) const;

 private:
  std::vector<std::unique_ptr<Life>> lives_;  // never empty
};

}  // namespace lastword::sim
