// Whoever is at the other end of the network.
#pragma once

#include <string>

#include "sim/choices.h"
#include "sim/kernel.h"

namespace lastword::sim {

struct Surroundings;

// A client of the server, with one connection at a time. Its number, from 1 on, is its chooser on
// the tape and its lane in a story; links and events name it by that. A value: the world that it
// lives in comes with every call.
class Actor {
 public:
  Actor() = default;
  Actor(const Actor&) = default;
  Actor& operator=(const Actor&) = default;
  virtual ~Actor() = default;

  // --- What happens ----------------------------------------------------------------------------

  virtual void start(Surroundings& world) = 0;
  // Its time has come to do the next thing.
  virtual void act(Surroundings& world) = 0;
  // A slow or stopped reader goes on.
  virtual void read_on(Surroundings& world) = 0;
  // The network has something for it: an answer to its connect, or anything else.
  virtual void connected(Surroundings& world, Link link) = 0;
  virtual void look(Surroundings& world, Link link) = 0;
  // From now on it behaves, comes back if it has to, and says a few things that must be answered.
  virtual void heal(Surroundings& world) = 0;
  // From now on it does nothing any more.
  virtual void freeze(Surroundings& world) = 0;

  // --- What can be asked -----------------------------------------------------------------------

  [[nodiscard]] virtual Chooser number() const = 0;
  [[nodiscard]] virtual const std::string& name() const = 0;
  // Its connection; no_link: it has none.
  [[nodiscard]] virtual Link link() const = 0;
  [[nodiscard]] virtual bool is_healed() const = 0;
  // Something that it wants to say was not taken by its kernel yet.
  [[nodiscard]] virtual bool has_unsent() const = 0;
  // It keeps its side open when the server has ended its own.
  [[nodiscard]] virtual bool ignores_close() const = 0;
  // It is left out when isolation is checked.
  [[nodiscard]] virtual bool is_hostile() const = 0;
};

}  // namespace lastword::sim
