#include "sim/life.h"

#include <utility>

#include "core/check.h"

namespace lastword::sim {

namespace {

Legacy legacy_of(const Life& life, const Kernel& kernel) {
  Legacy legacy{.restart = life.host.was_killed() ? FaultKind::restarted_after_kill
                                                  : FaultKind::restarted};
  for (Link link = 0; link < kernel.link_count(); ++link) {
    if (!life.oracle.is_known(link)) continue;
    const std::size_t client = kernel.client_of(link);
    if (client >= legacy.was_client.size()) legacy.was_client.resize(client + 1);
    legacy.was_client[client] = true;
  }
  return legacy;
}

}  // namespace

Life::Life(const Config& config, std::uint32_t number, std::optional<Legacy> legacy,
           const Place& place)
    : oracle{config, std::move(legacy)},
      host{config, place.environment, place.kernel, oracle, number} {
  oracle.bind(place.environment, place.kernel, place.excuses, host);
}

Life::Life(const Life& other, const Place& place)
    : oracle{other.oracle},
      host{other.host, place.environment, place.kernel, oracle},
      shutdown{other.shutdown} {
  oracle.bind(place.environment, place.kernel, place.excuses, host);
}

Lives::Lives(const Config& config, const Life::Place& place) {
  lives_.push_back(std::make_unique<Life>(config, 0, std::nullopt, place));
}

Lives::Lives(const Lives& other, const Life::Place& place) {
  lives_.reserve(other.lives_.size());
  for (const auto& life : other.lives_) lives_.push_back(std::make_unique<Life>(*life, place));
}

void Lives::begin(const Config& config, const Life::Place& place) {
  LASTWORD_CHECK(current().host.has_exited());
  const auto number = static_cast<std::uint32_t>(lives_.size());
  lives_.push_back(
      std::make_unique<Life>(config, number, legacy_of(current(), place.kernel), place));
}

void Lives::judge_end() {
  for (const auto& life : lives_) {
    const Host& host = life->host;
    life->oracle.judge_end(host.was_killed() ? std::nullopt : host.server().finished());
  }
}

std::uint64_t Lives::facts() const {
  std::uint64_t facts = 0;
  for (const auto& life : lives_) facts += life->host.facts();
  return facts;
}

std::uint64_t Lives::accepted() const {
  std::uint64_t accepted = 0;
  for (const auto& life : lives_) accepted += life->oracle.accepted();
  return accepted;
}

std::vector<std::string> Lives::accepted_from(Chooser client) const {
  std::vector<std::string> accepted;
  for (const auto& life : lives_) life->oracle.append_accepted_from(client, accepted);
  return accepted;
}

std::uint64_t Lives::deliveries() const {
  std::uint64_t deliveries = 0;
  for (const auto& life : lives_) deliveries += life->oracle.deliveries();
  return deliveries;
}

}  // namespace lastword::sim
