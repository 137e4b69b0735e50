// The healthy clients, who log in, join a room and talk, and the world in which they do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/instant.h"
#include "core/transport.h"
#include "fuzz/plain_reading.h"
#include "fuzz/small_world.h"

namespace lastword::fuzz {

// What happened, for whoever wants to tell what had to come of it.
struct Deed {
  enum class Kind : std::uint8_t { connect, say, bytes, end, break_off, pass, stop, mark };
  Kind kind = Kind::connect;
  Client client = 0;                       // whose deed it is
  Transport transport = Transport::lines;  // connect
  Unit unit{};                             // say
  std::string_view bytes{};                // bytes: of the script
  Duration span{};                         // pass
};

// Two speak lines, the third speaks WebSocket.
enum class Person : std::uint8_t { ann, bo, cy };
inline constexpr std::array<Person, 3> people{Person::ann, Person::bo, Person::cy};
[[nodiscard]] std::string_view name_of(Person person);

// The room that they are in.
inline constexpr std::string_view healthy_room = "#tea";

// A value: a copy goes on from where it is.
//
// Between any two of their lines everything comes to rest. Who has to wait for the hostile client
// is waited for: so what they say has one order, however late it comes.
class HealthyTalk {
 public:
  HealthyTalk(const Config& config, std::size_t send_buffer_max);

  SmallWorld world;
  std::vector<Deed> deeds{};

  // The number behind the next of their texts; each has the next one.
  void number_texts_from(unsigned number) { number_ = number; }
  // They talk until their round is over.
  void have_round();
  // The next line is said, and taken whenever the world moves.
  void have_line() { static_cast<void>(take_step(false)); }
  void pass(Duration span);
  // Settles; if somebody has to wait, the hostile client has its time to let him through.
  void let_through();

  // Somebody had to wait for the hostile client.
  [[nodiscard]] bool was_anybody_waiting() const { return was_anybody_waiting_; }

 private:
  void come(Person person, std::optional<Client> old);
  bool take_step(bool is_settled);
  [[nodiscard]] bool has_memory_been_full() const;
  void say(Person person, std::string_view line);
  [[nodiscard]] Client at(Person person) const {
    return clients_.at(static_cast<std::size_t>(person));
  }

  std::array<Client, people.size()> clients_{};
  std::size_t next_step_ = 0;
  unsigned number_ = 0;
  bool was_anybody_waiting_ = false;
};

}  // namespace lastword::fuzz
