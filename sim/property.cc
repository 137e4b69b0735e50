#include "sim/property.h"

#include <iterator>

#include "core/check.h"

namespace lastword::sim {

namespace {

struct Row {
  Property property;
  std::string_view short_name;
  std::string_view sentence;
};

using enum Property;

constexpr Row rows[] = {
    // Always
    {books_balance, "I1", "the books balance"},
    {no_silent_loss, "I2",
     "each message is for each addressee received once, dropped and reported, named in the report, "
     "or the environment ended the connection"},
    {fair_shutdown, "I3",
     "a shutdown loses nothing for an addressee that no fault touched and that goes on reading"},
    {nothing_invented, "I4", "nothing comes twice and nothing is invented"},
    {one_order, "I5", "what one sends to another comes in its order, without a gap"},
    {same_order_for_all, "I6", "any two peers agree on the order of what both got"},
    {honest_goodbye, "I7",
     "the goodbye counts exactly what was accepted, and reports of undelivered messages are true"},
    {valid_output, "I8", "what goes out is a prefix of valid lines"},
    {isolation, "I9",
     "a malformed, slow or dead peer changes nothing for those who have nothing to do with it"},
    {bounds, "I10", "memory, queues and the work for one fact stay within their bounds"},
    {old_generation, "I11", "a fact for an earlier owner of a slot has no effect"},
    {chunking, "I12", "the same bytes have the same effect however they are cut"},
    {no_early_action, "I13",
     "nothing is done before its deadline, and a jump of the wall clock changes nothing"},
    {forward_only, "I14", "the shutdown only moves forward"},
    {no_own_reset, "I15", "in a fair run the server resets no connection"},
    {determinism, "I16", "the same tape gives the same run"},
    {commutation, "I17", "what is declared independent has the same effect in both orders"},
    {client_lines, "I18",
     "every line given to the production client is accepted exactly once, or named as refused, "
     "unknown or unsent, in order"},
    // In the end
    {delivered_in_time, "L1", "accepted messages reach those who are healed in time"},
    {answered_in_time, "L2", "lines of those who are healed are answered in time"},
    {shutdown_in_time, "L3",
     "after the first signal the server ends in time whatever the others do, and earlier if all "
     "are healed"},
    {second_signal_in_time, "L4", "after the second signal the server ends at once"},
    {accepts_again, "L5",
     "the listener accepts again once descriptors are free, and turns no idle circles meanwhile"},
    {half_open_removed, "L6", "half-open peers are removed in time"},
    {paused_resumes, "L7", "a paused sender is read again once there is room"},
    {client_online, "L8",
     "a production client that is healed is online in time, in its rooms, and every line that it "
     "was given has its fate; none gives up of its own accord"},
};

constexpr bool are_in_the_order_of_the_enumerators() {
  for (std::size_t place = 0; place < std::size(rows); ++place) {
    if (static_cast<std::size_t>(rows[place].property) != place) return false;
  }
  return true;
}

static_assert(std::size(rows) == property_count);
static_assert(are_in_the_order_of_the_enumerators());

const Row& row_of(Property property) {
  const auto place = static_cast<std::size_t>(property);
  LASTWORD_CHECK(place < property_count);
  return rows[place];
}

}  // namespace

std::string_view short_name(Property property) { return row_of(property).short_name; }

std::string_view sentence(Property property) { return row_of(property).sentence; }

std::optional<Property> find_property(std::string_view short_name) {
  for (const Row& row : rows) {
    if (row.short_name == short_name) return row.property;
  }
  return std::nullopt;
}

}  // namespace lastword::sim
