#pragma once

#include <cstddef>
#include <string>

class Outbox {
 public:
  [[nodiscard]] std::size_t QueuedBytes() const { return bytes; }

 private:
  std::size_t bytes = 0;
};

[[nodiscard]] std::size_t rename(std::string name);
