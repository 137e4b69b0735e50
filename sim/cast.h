// All who are in a world, by number.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/check.h"
#include "sim/actor.h"
#include "sim/client_process.h"
#include "sim/person.h"

namespace lastword::sim {

// Numbers go from 1 to size(), people first: 0 is the server.
class Cast {
 public:
  // How many will be added: each is worth not being moved.
  void expect(std::size_t people, std::size_t clients) {
    people_.reserve(people);
    clients_.reserve(clients);
  }
  // The next number is this person's. All people come before the first client.
  void add(PersonPlan plan) {
    LASTWORD_CHECK(clients_.empty());
    people_.emplace_back(std::move(plan), next());
  }
  // The next number is this client's.
  void add(ClientPlan plan) { clients_.emplace_back(std::move(plan), next()); }

  [[nodiscard]] Chooser size() const {
    return static_cast<Chooser>(people_.size() + clients_.size());
  }
  [[nodiscard]] Actor& at(Chooser number) {
    const std::size_t place = number - std::size_t{1};
    if (place < people_.size()) return people_[place];
    return clients_[place - people_.size()];
  }
  [[nodiscard]] const Actor& at(Chooser number) const {
    const std::size_t place = number - std::size_t{1};
    if (place < people_.size()) return people_[place];
    return clients_[place - people_.size()];
  }
  [[nodiscard]] const std::vector<ClientProcess>& clients() const { return clients_; }
  // Null if that is a person.
  [[nodiscard]] ClientProcess* find_client(Chooser number) {
    return number > people_.size() ? &clients_[number - people_.size() - 1] : nullptr;
  }

 private:
  [[nodiscard]] Chooser next() const { return static_cast<Chooser>(size() + 1); }

  std::vector<Person> people_;
  std::vector<ClientProcess> clients_;
};

}  // namespace lastword::sim
