#include "core/outbox.h"

#include <utility>

std::size_t rename(std::string name) {
  const std::string taken = std::move(name);
  return taken.size() + name.size();
}
