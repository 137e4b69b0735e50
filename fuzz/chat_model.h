// The chat once more, in the plainest way (contract, sections 1 and 2): who is where, and what each
// is told. It knows nothing of bytes, queues and memory: everybody hears at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/instant.h"
#include "core/transport.h"
#include "fuzz/plain_reading.h"
#include "fuzz/small_world.h"
#include "fuzz/told.h"
#include "sim/reference.h"

namespace lastword::fuzz {

class ChatModel {
 public:
  explicit ChatModel(Config config) : config_{std::move(config)} {}

  // Clients are numbered as they connect. One that is not let in is nobody; by lines, it is told.
  Client connect(Transport transport, bool is_let_in);
  void say(Client client, const Unit& unit);
  // Bytes came of it, whether or not they say anything.
  void hear(Client client) { peer(client).heard_at = now_; }
  // Its end of stream, or the end of its connection.
  void end(Client client) { finish(client, close_normal); }
  void lose(Client client) { leave(client); }
  // Everybody but `silent` answers pings.
  void pass(Duration span, Client silent);
  void stop();
  // Everybody's list gets the mark.
  void mark(std::size_t number);

  [[nodiscard]] const Told& told(Client client) const { return peers_[client].told; }
  [[nodiscard]] std::string_view name_of(Client client) const { return peers_[client].name; }
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  [[nodiscard]] std::uint64_t accepted_from(Client client) const { return peers_[client].accepted; }
  [[nodiscard]] std::uint64_t deliveries() const { return deliveries_; }
  [[nodiscard]] std::uint64_t missing() const { return missing_; }  // of the deliveries
  // Somebody was given up because nothing came from it.
  [[nodiscard]] bool has_given_up() const { return has_given_up_; }

 private:
  static constexpr unsigned close_normal = 1000;
  static constexpr unsigned close_going_away = 1001;
  static constexpr unsigned close_policy = 1008;

  enum class Stage : std::uint8_t { naming, online, gone };
  struct Peer {
    Transport transport = Transport::lines;
    Stage stage = Stage::gone;
    std::string name{};  // kept when it has gone
    std::vector<std::string> rooms{};
    std::uint64_t accepted = 0;
    Instant connected_at{};
    Instant heard_at{};
    Told told{};
  };

  [[nodiscard]] Peer& peer(Client client) { return peers_[client]; }
  void tell(Client client, std::string line);
  void take_line(Client client, std::string_view line);
  void log_in(Client client, std::string_view line);
  void send(Client client, const sim::reference::Message& message);
  void join(Client client, const std::string& room);
  void leave_room(Client client, const std::string& room);
  void tell_who(Client client, std::string_view room);
  void leave(Client client);
  void finish(Client client, unsigned code);
  [[nodiscard]] bool is_named(Client client, std::string_view name) const;
  [[nodiscard]] bool is_in(Client client, std::string_view room) const;
  [[nodiscard]] std::vector<Client> members(std::string_view room) const;
  [[nodiscard]] std::string goodbye(Client client) const;

  Config config_;
  Instant now_{};
  std::vector<Peer> peers_;
  std::uint64_t accepted_ = 0;
  std::uint64_t deliveries_ = 0;
  std::uint64_t missing_ = 0;
  bool has_given_up_ = false;
};

}  // namespace lastword::fuzz
