// What is around an actor of the world.
#pragma once

#include "sim/environment.h"
#include "sim/excuses.h"
#include "sim/kernel.h"

namespace lastword::sim {

class Cast;
class Life;

// Good for one event: the next one may meet another life of the server.
struct Surroundings {
  Environment& environment;
  Kernel& kernel;
  Excuses& excuses;
  const Life& server;   // the current life; its process may have ended
  bool is_server_gone;  // ... and no new process will take its place
  const Cast& everybody;
};

}  // namespace lastword::sim
