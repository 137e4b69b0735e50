// The opening handshake from both sides, and addresses: core/websocket/request_head, handshake,
// client_handshake and what they are made of; core/client/url.
//
//   [kind: a request, a response, an address] [policy] [key] [cuts] [the head, or the address]
//
// Oracles
//   reference   what is read of a head, and what is decided on it, against the plainest way of
//               doing it (reference_heads.h, reference_handshake.h); the whole of an answer of 101
//   beast       what is read of a head against Boost.Beast's parser, but for a list of allowed
//               differences (beast_differences.cc)
//   chunking    whole, byte by byte and cut as the input says: the same result, the same state
//   bound       no more than 8192 bytes are taken, and nothing behind the end; memory in proportion
//               to what has come, none once it is refused
//   answer      every answer is one that a client understands, and says what its status asks for
//   round trip  the request of every good offer is answered with 101, and the client accepts that;
//               an address, written again, is the same
//   words       whatever is found wrong is told in words
//   linear      the work is at most so many steps for each byte, call and head, however it is cut
#include "core/websocket/handshake.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/client/url.h"
#include "core/digest.h"
#include "core/websocket/accept_key.h"
#include "core/websocket/client_handshake.h"
#include "core/websocket/request_head.h"
#include "fuzz/beast_heads.h"
#include "fuzz/head_words.h"
#include "fuzz/input.h"
#include "fuzz/oracle.h"
#include "fuzz/reference_handshake.h"
#include "fuzz/reference_heads.h"
#include "fuzz/reference_words.h"
#include "fuzz/steps.h"
#include "fuzz/target.h"

namespace lastword::fuzz {
namespace {

using websocket::Decision;
using websocket::HandshakePolicy;
using websocket::RequestHead;
using websocket::ResponseHead;
using websocket::Status;
using Key = std::array<char, websocket::key_size>;
using Cuts = std::vector<std::size_t>;

std::string_view as_view(const Key& key) { return {key.data(), key.size()}; }

// --- Cost ----------------------------------------------------------------------------------------

// The dearest bytes are those of extensions, which are looked at three times; the dearest heads are
// those that open a WebSocket, for all that is written then. Without optimisation every call of a
// function of one line counts.
#if defined(__OPTIMIZE__)
constexpr std::uint64_t steps_factor = 1;
#else
constexpr std::uint64_t steps_factor = 6;
#endif
constexpr std::uint64_t steps_per_byte_max = 50 * steps_factor;
constexpr std::uint64_t steps_per_read_max = 60 * steps_factor;
constexpr std::uint64_t steps_per_head_max = 2000 * steps_factor;

// Of everything that the core does with one head.
class Cost {
 public:
  // What `work` returns; it calls the core and does nothing else.
  template <typename Work>
  auto count(const Work& work) {
    const StepCount step_count;
    auto result = work();
    steps_ += step_count.steps();
    return result;
  }

  void check(const Chunking& chunking) const {
    std::size_t bytes = 0;
    for (const std::string_view chunk : chunking.chunks) bytes += chunk.size();
    const std::uint64_t bound = steps_per_byte_max * bytes +
                                steps_per_read_max * chunking.chunks.size() + steps_per_head_max;
    require(steps_ <= bound, "linear", [&] {
      return std::string{chunking.name} + ": " + std::to_string(bytes) + " bytes in " +
             std::to_string(chunking.chunks.size()) + " reads took " + std::to_string(steps_) +
             " steps, and not at most " + std::to_string(bound);
    });
  }

 private:
  std::uint64_t steps_ = 0;
};

// --- Reading a head of either kind ---------------------------------------------------------------

template <typename Head>
std::uint64_t digest_of(const Head& head) {
  Digest digest;
  head.add_to(digest);
  return digest.value();
}

// Heads grow as vectors do, by doubling; a request's remembers where its lists are, in four bytes
// for each of its fields.
constexpr std::size_t memory_max(std::size_t bytes) {
  constexpr std::size_t pieces = 2 * RequestHead::fields_max * 4;
  return 2 * std::min(bytes, RequestHead::size_max) + pieces;
}

// Each chunk is lent and gone. Returns how many bytes were taken.
template <typename Head>
std::size_t feed(Head& head, const Chunks& chunks, Cost& cost) {
  constexpr auto incomplete = Head::State::incomplete;
  std::size_t come = 0;
  std::size_t taken = 0;
  for (const std::string_view chunk : chunks) {
    const std::string lent{chunk};
    const bool is_over = head.state() != incomplete;
    const std::size_t size = cost.count([&] { return head.feed(as_bytes(lent)); });
    come += chunk.size();
    taken += size;
    require(size <= chunk.size() && (!is_over || size == 0), "bound",
            [&] { return std::to_string(size) + " bytes are taken of " + readable(chunk); });
    require(head.state() != incomplete || size == chunk.size(), "bound",
            [&] { return "it is not over, and something is left: " + readable(chunk); });
    require(head.memory_bytes() <= memory_max(come), "bound", [&] {
      return "after " + std::to_string(come) + " bytes it holds " +
             std::to_string(head.memory_bytes());
    });
  }
  require(taken <= Head::size_max && (taken < Head::size_max || head.state() != incomplete),
          "bound", [&] { return std::to_string(taken) + " bytes are taken"; });
  return taken;
}

// Behind its end nothing is taken; and what is refused, or cleared, holds nothing.
template <typename Head>
void check_end(Head& head, bool is_refused) {
  require(!is_refused || head.memory_bytes() == 0, "bound", [&] {
    return "what is refused holds " + std::to_string(head.memory_bytes()) + " bytes";
  });
  if (head.state() != Head::State::incomplete) {
    const std::uint64_t before = digest_of(head);
    const std::size_t taken = head.feed(as_bytes("GET HTTP/1.1 \r\n\r\n"));
    require(taken == 0 && digest_of(head) == before, "bound",
            [] { return std::string{"something is taken behind its end"}; });
  }
  head.clear();
  require(head.memory_bytes() == 0 && digest_of(head) == digest_of(Head{}), "bound",
          [] { return std::string{"cleared, it is not as new"}; });
}

void check_digest(std::uint64_t expected, std::uint64_t found, std::string_view who) {
  require(found == expected, "chunking",
          [&] { return "the head is in another state if it comes " + std::string{who}; });
}

// --- Responses ----------------------------------------------------------------------------------

void check_fault(const reference::ResponseReading& reading, const ResponseHead& head,
                 const Key& key, Cost& cost) {
  const auto expected = reference::fault_of(reading.response, as_view(key));
  const auto checked = cost.count([&] { return check(head.response(), key); });
  const auto found = checked ? std::nullopt : std::optional{checked.error()};
  const auto words = [](const auto& fault) { return std::string{fault ? explain(*fault) : "-"}; };
  const auto seen = [&] {
    return "a client should find '" + words(expected) + "', and finds '" + words(found) + "'";
  };
  require(found == expected, "reference", seen);
  require(!words(found).empty(), "words", seen);
}

void check_response(std::string_view stream, const std::vector<Chunking>& ways, const Key& key) {
  const reference::ResponseReading expected = reference::read_response(stream);
  const Words words = words_of(expected);
  std::optional<std::uint64_t> digest;
  for (const Chunking& chunking : ways) {
    ResponseHead head;
    Cost cost;
    const std::size_t taken = feed(head, chunking.chunks, cost);
    require_same(words, words_of(head, taken), digest ? "chunking" : "reference", chunking.name);
    if (!digest) digest = digest_of(head);
    check_digest(*digest, digest_of(head), chunking.name);
    if (expected.state == ResponseHead::State::complete) check_fault(expected, head, key, cost);
    cost.check(chunking);
    check_end(head, expected.fault.has_value());
  }
  beast::hold_against(stream, expected);
}

// --- Answers ------------------------------------------------------------------------------------

struct Answer {
  Decision decision;
  std::string text;  // the whole response

  friend bool operator==(const Answer&, const Answer&) = default;
};

// A refusal, or the page: one response, with a text of the length that it says, unless it answers
// HEAD. Its fields are those of its status (RFC 9110, sections 15.5.6 and 15.5.22; RFC 6455,
// section 4.4).
bool is_good_refusal(const Answer& answer, bool is_to_head) {
  const reference::ResponseReading reading = reference::read_response(answer.text);
  if (reading.state != ResponseHead::State::complete || reading.parts.size() != 1) return false;
  const reference::Fields& fields = reading.parts.front().fields;
  const auto value = [&fields](std::string_view name) {
    const auto found = reference::values(fields, name);
    return found.size() == 1 ? std::string{found.front()} : std::to_string(found.size()) + " lines";
  };
  const std::string none = "0 lines";
  const Status status = answer.decision.status;
  const bool is_upgrade = status == Status::upgrade_required;
  const std::string_view body = std::string_view{answer.text}.substr(reading.taken);
  const bool is_sized = is_to_head ? body.empty() && reference::is_number(value("content-length"))
                                   : body.size() > 1 && body.ends_with('\n') &&
                                         value("content-length") == std::to_string(body.size());
  return is_sized && reading.response.status == static_cast<unsigned>(status) &&
         value("connection") == (is_upgrade ? "Upgrade, close" : "close") &&
         value("upgrade") == (is_upgrade ? "websocket" : none) &&
         value("sec-websocket-version") == (is_upgrade ? "13" : none) &&
         value("allow") == (status == Status::method_not_allowed ? "GET, HEAD" : none) &&
         value("retry-after") == (status == Status::service_unavailable ? "5" : none) &&
         value("sec-websocket-accept") == none;
}

void check_answer(const Answer& answer, const reference::RequestReading& reading) {
  const auto seen = [&] { return "the answer is '" + readable(answer.text) + "'"; };
  Key key{};
  if (answer.decision.status == Status::switching_protocols) {
    const std::string_view text = *reading.request.key;
    std::copy(text.begin(), text.end(), key.begin());
    require(answer.text == reference::switching_response(text, answer.decision), "reference", seen);
    // A client that has asked for no compression agrees to none.
    const bool is_compressing = answer.decision.compression != websocket::Compression::none;
    ResponseHead head;
    const std::size_t taken = head.feed(as_bytes(answer.text));
    require(taken == answer.text.size() && head.state() == ResponseHead::State::complete &&
                check(head.response(), key).has_value() == !is_compressing,
            "answer", seen);
  } else {
    require(is_good_refusal(answer, reading.method == websocket::Method::head), "answer", seen);
  }
  check_response(answer.text, {{.name = "whole", .chunks = {answer.text}}}, key);
}

// What a server says to whom it turns away before the head is there.
void check_own_answers(std::string_view stream) {
  for (const Status status : {Status::request_timeout, Status::service_unavailable}) {
    RequestHead head;
    static_cast<void>(head.feed(as_bytes(stream)));
    Answer answer{.decision = {.status = status}, .text = {}};
    append_response(answer.text, head, answer.decision);
    require(is_good_refusal(answer, head.method() == websocket::Method::head), "answer",
            [&] { return "the answer is '" + readable(answer.text) + "'"; });
  }
}

// --- Requests -----------------------------------------------------------------------------------

struct Situation {
  const Cuts& cuts;
  const HandshakePolicy& policy;
};

// Returns how it is answered, if it is a whole one.
std::optional<Answer> check_request(std::string_view stream, const Situation& situation) {
  const reference::RequestReading expected = reference::read_request(stream);
  const Words words = words_of(expected);
  std::optional<std::uint64_t> digest;
  std::optional<Answer> first;
  for (const Chunking& chunking : chunkings(stream, situation.cuts)) {
    RequestHead head;
    Cost cost;
    const std::size_t taken = feed(head, chunking.chunks, cost);
    require_same(words, words_of(head, taken), digest ? "chunking" : "reference", chunking.name);
    if (!digest) digest = digest_of(head);
    check_digest(*digest, digest_of(head), chunking.name);
    if (expected.state != RequestHead::State::incomplete) {
      const auto answer = cost.count([&] {
        Answer made{.decision = decide(head, situation.policy), .text = {}};
        append_response(made.text, head, made.decision);
        return made;
      });
      if (!first) first = answer;
      require(answer == first, "chunking",
              [&] { return "it is answered with '" + readable(answer.text) + "'"; });
    }
    cost.check(chunking);
    check_end(head, expected.refusal.has_value());
  }
  beast::hold_against(stream, expected);
  if (!first) {
    check_own_answers(stream);
    return {};
  }
  require_same(words_of(reference::decide(expected, situation.policy)), words_of(first->decision),
               "reference", "the decision");
  check_answer(*first, expected);
  return first;
}

// --- Offers and addresses -----------------------------------------------------------------------

void check_offer(const websocket::Offer& offer, const Situation& situation) {
  const auto seen = [&] {
    return "an offer of '" + readable(offer.path) + "' at '" + readable(offer.authority) + "'";
  };
  const bool is_valid = reference::is_offer(offer.authority, offer.path);
  require(websocket::is_valid(offer) == is_valid, "reference", seen);
  if (!is_valid) return;
  std::vector<std::byte> bytes;
  append_request(bytes, offer);
  const std::string_view text = as_text(bytes);
  require(text == reference::request_of(offer.authority, offer.path, as_view(offer.key)),
          "reference", seen);

  const auto answer = check_request(text, situation);
  const std::string_view path = offer.path.substr(0, offer.path.find('?'));
  const Status found =
      path == "/" || path == "/ws" ? Status::switching_protocols : Status::not_found;
  const Status status =
      text.size() > RequestHead::size_max ? Status::header_fields_too_large : found;
  require(answer && answer->decision.status == status, "round trip", seen);
  if (status != Status::switching_protocols) return;
  ResponseHead head;
  static_cast<void>(head.feed(as_bytes(answer->text)));
  require(head.state() == ResponseHead::State::complete && check(head.response(), offer.key),
          "round trip", seen);
}

void check_url(std::string_view text, const Key& key, const Situation& situation) {
  const auto seen = [&] { return "the address '" + readable(text) + "'"; };
  const auto url = client::parse_url(text);
  require(url == reference::parse_url(text), "reference", seen);
  if (!url) {
    require(!explain(url.error()).empty(), "words", seen);
    return;
  }
  require(client::parse_url(client::to_string(*url)) == url, "round trip",
          [&] { return seen() + " is written again as '" + readable(to_string(*url)) + "'"; });
  if (url->transport == Transport::lines) return;

  const std::string authority = client::authority_of(*url);
  const auto parsed = reference::parse_authority(authority);
  require(parsed && parsed->port.value_or(80) == url->port && reference::is_offer(authority, "/"),
          "round trip", [&] { return seen() + " is named '" + readable(authority) + "'"; });
  check_offer({.authority = authority, .path = url->path, .key = key}, situation);
}

// A text of two parts, with an LF between them.
void check_texts(std::string_view text, const Key& key, const Situation& situation) {
  const std::string_view authority = text.substr(0, text.find('\n'));
  const std::string_view path = text.substr(std::min(authority.size() + 1, text.size()));
  check_offer({.authority = authority, .path = path, .key = key}, situation);
}

// --- Options ------------------------------------------------------------------------------------

const HandshakePolicy& policy_of(std::size_t option) {
  static const std::vector<HandshakePolicy> policies = [] {
    std::vector<HandshakePolicy> all;
    for (const bool is_compressing : {false, true}) {
      for (const bool has_names : {false, true}) {
        for (const bool has_origins : {false, true}) {
          HandshakePolicy policy{.is_compressing = is_compressing};
          if (has_names) policy.host_names = {"chat.example", "Other.Example"};
          if (has_origins) policy.allowed_origins = {"https://App.example", "null"};
          all.push_back(policy);
        }
      }
    }
    return all;
  }();
  return policies[option % policies.size()];
}

// 0: that of RFC 6455, section 1.3, whose Sec-WebSocket-Accept is well known.
Key key_of(std::uint8_t option) {
  std::string nonce = "the sample nonce";
  if (option > 0) {
    for (std::size_t at = 0; at < nonce.size(); ++at) {
      nonce[at] = static_cast<char>(option * (at + 1));
    }
  }
  std::array<std::byte, websocket::nonce_size> bytes{};
  std::transform(nonce.begin(), nonce.end(), bytes.begin(),
                 [](char character) { return static_cast<std::byte>(character); });
  const Key key = websocket::make_key(bytes);
  require(as_view(key) == reference::base64(nonce) && reference::is_key(as_view(key)), "reference",
          [&] { return "the key of '" + readable(nonce) + "' is " + readable(as_view(key)); });
  return key;
}

}  // namespace
}  // namespace lastword::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lastword::fuzz;
  constexpr std::size_t kinds = 3;
  Input input{{data, size}};
  const std::size_t kind = input.which(kinds);
  const HandshakePolicy& policy = policy_of(input.byte());
  const Key key = key_of(input.byte());
  const Cuts cuts = input.cuts();
  const std::string_view stream = input.rest();
  const Situation situation{.cuts = cuts, .policy = policy};
  if (kind == 0) {
    check_request(stream, situation);
  } else if (kind == 1) {
    check_response(stream, chunkings(stream, cuts), key);
  } else {
    check_url(stream, key, situation);
    check_texts(stream, key, situation);
  }
  return 0;
}
