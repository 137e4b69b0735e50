// The words of the table, and the world in which its cases are played.
#include "tests/core/websocket/conformance.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "core/utf8_validator.h"

namespace lastword::test::conformance {

namespace {

constexpr std::array<unsigned char, 4> masking_key{0x37, 0xFA, 0x21, 0x3D};

// What a driver reads at once, and what a case may have for being cut into single bytes.
constexpr std::size_t read_size_max = 65'536;
constexpr std::size_t by_bytes_max = 20'000;

constexpr std::string_view deflate_tail{"\x00\x00\xFF\xFF", 4};

char char_of(std::uint64_t byte) { return static_cast<char>(static_cast<unsigned char>(byte)); }

unsigned value_of(char byte) { return static_cast<unsigned char>(byte); }

void append_number(std::string& out, std::uint64_t number, std::size_t size) {
  for (std::size_t byte = size; byte-- > 0;) out.push_back(char_of((number >> (8 * byte)) & 0xFF));
}

std::uint64_t number_from(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = (number << 8U) | value_of(byte);
  return number;
}

bool is_data(Opcode opcode) { return opcode == Opcode::text || opcode == Opcode::binary; }

std::string name_of(Opcode opcode) {
  switch (opcode) {
    case Opcode::text:
      return "text";
    case Opcode::binary:
      return "binary";
    case Opcode::ping:
      return "ping";
    case Opcode::pong:
      return "pong";
    case Opcode::close:
      return "close";
    case Opcode::continuation:
      break;
  }
  return "opcode " + std::to_string(static_cast<unsigned>(opcode));
}

std::string quoted(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::size_t shown_max = 60;
  std::string out = "\"";
  for (const char byte : bytes.substr(0, shown_max)) {
    const unsigned value = value_of(byte);
    if (value >= 0x20 && value < 0x7F) {
      out.push_back(byte);
    } else {
      out.append({'\\', 'x', digits[value >> 4U], digits[value & 0xFU]});
    }
  }
  out.append("\"");
  if (bytes.size() > shown_max) out.append("... of " + std::to_string(bytes.size()) + " bytes");
  return out;
}

std::string described(const std::vector<Seen>& frames) {
  if (frames.empty()) return "nothing";
  std::string out;
  for (std::size_t place = 0; place < std::min<std::size_t>(frames.size(), 4); ++place) {
    out.append(place == 0 ? "" : ", ").append(name_of(frames[place].opcode)).append(" ");
    out.append(quoted(frames[place].payload));
  }
  if (frames.size() > 4) out.append(", ... " + std::to_string(frames.size()) + " frames");
  return out;
}

Bytef* zlib_bytes(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

std::string inflated(std::string compressed, int window_bits) {
  compressed.append(deflate_tail);
  z_stream stream{};
  if (inflateInit2(&stream, -window_bits) != Z_OK) throw Mismatch("inflateInit2");
  stream.next_in = zlib_bytes(compressed);
  stream.avail_in = static_cast<unsigned>(compressed.size());
  std::string out;
  std::array<char, 16'384> part{};
  // zlib takes what is in its output for a part of the window: with a byte at a time nothing is.
  const std::size_t part_size = window_bits < 15 ? 1 : part.size();
  int result = Z_OK;
  do {
    stream.next_out = zlib_bytes({part.data(), part.size()});
    stream.avail_out = static_cast<unsigned>(part_size);
    result = inflate(&stream, Z_SYNC_FLUSH);
    out.append(part.data(), part_size - stream.avail_out);
  } while (result == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
  static_cast<void>(inflateEnd(&stream));
  if (result != Z_OK && result != Z_BUF_ERROR)
    throw Mismatch("the server's message can't be inflated");
  return out;
}

}  // namespace

// --- What a client sends ------------------------------------------------------------------------

std::string bytes_of(const Frame& frame) {
  const std::size_t size = frame.payload.size();
  std::string out;
  out.reserve(size + websocket::FrameHeader::size_max);
  out.push_back(char_of((frame.is_final ? 0x80U : 0U) | (frame.reserved << 4U) | frame.opcode));
  if (size <= 125) {
    out.push_back(char_of(0x80U | size));
  } else if (size <= 0xFFFF) {
    out.push_back(char_of(0x80U | 126U));
    append_number(out, size, 2);
  } else {
    out.push_back(char_of(0x80U | 127U));
    append_number(out, size, 8);
  }
  for (const unsigned char byte : masking_key) out.push_back(char_of(byte));
  const std::size_t begin = out.size();
  out.append(frame.payload);
  char* const payload = out.data() + begin;
  for (std::size_t place = 0; place < size; ++place) {
    payload[place] = char_of(value_of(payload[place]) ^ masking_key[place % 4]);
  }
  return out;
}

std::string text_frame(std::string_view payload) {
  return bytes_of({.opcode = 1, .payload = std::string{payload}});
}
std::string binary_frame(std::string_view payload) {
  return bytes_of({.opcode = 2, .payload = std::string{payload}});
}
std::string ping_frame(std::string_view payload) {
  return bytes_of({.opcode = 9, .payload = std::string{payload}});
}
std::string pong_frame(std::string_view payload) {
  return bytes_of({.opcode = 10, .payload = std::string{payload}});
}
std::string close_frame(std::uint16_t code, std::string_view reason) {
  std::string payload;
  append_number(payload, code, 2);
  return bytes_of({.opcode = 8, .payload = payload.append(reason)});
}
std::string empty_close_frame() { return bytes_of({.opcode = 8}); }

std::string fragments(Opcode opcode, std::string_view payload, std::size_t size,
                      unsigned reserved) {
  std::string out;
  bool is_first = true;
  do {
    const std::string_view part = payload.substr(0, size);
    payload.remove_prefix(part.size());
    out.append(bytes_of({.opcode = is_first ? static_cast<unsigned>(opcode) : 0U,
                         .payload = std::string{part},
                         .is_final = payload.empty(),
                         .reserved = is_first ? reserved : 0U}));
    is_first = false;
  } while (!payload.empty());
  return out;
}

std::string deflated(std::string_view payload) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Mismatch("deflateInit2");
  }
  std::string out(deflateBound(&stream, payload.size()) + 64, '\0');
  stream.next_in = zlib_bytes(payload);
  stream.avail_in = static_cast<unsigned>(payload.size());
  stream.next_out = zlib_bytes(out);
  stream.avail_out = static_cast<unsigned>(out.size());
  const int result = deflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out);
  static_cast<void>(deflateEnd(&stream));
  if (result != Z_OK || !out.ends_with(deflate_tail)) throw Mismatch("deflate");
  out.resize(out.size() - deflate_tail.size());
  return out;
}

std::string compressed_frames(Opcode opcode, std::string_view payload, std::size_t size) {
  constexpr unsigned rsv1 = 4;
  return fragments(opcode, deflated(payload), size == 0 ? SIZE_MAX : size, rsv1);
}

std::string to_me(std::string_view text) { return "me: "s.append(text); }
std::string say(std::string_view text) { return text_frame(to_me(text)); }

// --- What the server sends ----------------------------------------------------------------------

Seen heard(std::string_view text) { return {Opcode::text, "from me: "s.append(text)}; }
Seen heard_binary(std::string_view text) {
  const bool is_text = is_utf8(as_bytes(text));
  return {is_text ? Opcode::text : Opcode::binary, "from me: "s.append(text)};
}
Seen line(std::string_view text) { return {Opcode::text, std::string{text}}; }
Seen ponged(std::string_view payload) { return {Opcode::pong, std::string{payload}}; }
Seen pinged() { return {Opcode::ping, {}}; }

// --- Handshakes ---------------------------------------------------------------------------------

std::string head(std::string_view first_line, std::initializer_list<std::string_view> fields) {
  std::string out = std::string{first_line}.append("\r\n");
  for (const std::string_view field : fields) out.append(field).append("\r\n");
  return out.append("\r\n");
}

std::string usual_request(std::string_view extensions) {
  const std::string key = "Sec-WebSocket-Key: "s.append(usual_key);
  // An unknown field in its place, where nothing is offered.
  const std::string offer = extensions.empty() ? "User-Agent: conformance"s
                                               : "Sec-WebSocket-Extensions: "s.append(extensions);
  return head("GET / HTTP/1.1", {"Host: 127.0.0.1:8081", "Upgrade: websocket",
                                 "Connection: Upgrade", key, "Sec-WebSocket-Version: 13", offer});
}

Setup roomy(std::string extensions) {
  Setup setup;
  setup.config.line_max = std::size_t{17} << 20;
  setup.config.outbox_max = std::size_t{64} << 20;
  setup.config.handshake.is_compressing = !extensions.empty();
  setup.extensions = std::move(extensions);
  return setup;
}

// --- What clients do ----------------------------------------------------------------------------

World::World(const Setup& setup, Cuts cuts, std::uint32_t seed)
    : server{setup.config}, cuts_{cuts}, random_{seed} {
  static_cast<void>(connect());
  if (setup.start == Start::accepted) return;
  send(usual_request(setup.extensions));
  expect_response("HTTP/1.1 101 Switching Protocols");
  if (setup.start == Start::upgraded) return;
  send(text_frame("me"));
  expect_nothing();
}

std::size_t World::connect(Transport transport) {
  const auto id = server.accepted(now_, transport);
  if (!id) throw Mismatch("the connection was not accepted");
  clients_.push_back({.id = *id});
  return clients_.size() - 1;
}

std::size_t World::log_in(std::string_view name) {
  const std::size_t client = connect();
  send(usual_request(), client);
  expect_response("HTTP/1.1 101 Switching Protocols", {}, client);
  send(text_frame(name), client);
  expect_nothing(client);
  return client;
}

void World::send(std::string_view bytes, std::size_t client) {
  Client& it = clients_.at(client);
  bytes_sent_ += bytes.size();
  if (it.outgoing.empty() || !it.is_joined) it.outgoing.emplace_back();
  it.outgoing.back().append(bytes);
  it.is_joined = true;
}

void World::send_chopped(std::string_view bytes, std::size_t chop) {
  std::vector<std::string> pieces;
  for (std::size_t place = 0; place < bytes.size(); place += chop) {
    pieces.emplace_back(bytes.substr(place, chop));
  }
  send_apart(pieces);
}

void World::send_apart(const std::vector<std::string>& pieces) {
  for (const std::string& piece : pieces) {
    clients_.front().is_joined = false;
    send(piece);
  }
  clients_.front().is_joined = false;
}

void World::end(std::size_t client) { clients_.at(client).wants_to_end = true; }

void World::hold(std::size_t client) {
  settle();
  clients_.at(client).room = 0;
}
void World::take(std::size_t bytes, std::size_t client) {
  clients_.at(client).room = bytes;
  settle();
}
void World::read_on(std::size_t client) { clients_.at(client).room = SIZE_MAX; }

// --- What happens -------------------------------------------------------------------------------

void World::advance(Duration span) {
  const Instant until = now_ + span;
  settle();
  while (server.deadline() && server.deadline()->at <= until) {
    now_ = std::max(now_, server.deadline()->at);
    settle();
  }
  now_ = until;
  settle();
}

void World::stop() {
  settle();
  server.stop(now_, StopReason::terminate);
}

void World::settle() {
  for (Client& client : clients_) recut(client);
  std::vector<ConnectionId> changed;
  bool has_moved = true;
  while (has_moved) {
    has_moved = false;
    for (Client& client : clients_) {
      has_moved |= bring(client);
      has_moved |= fetch(client);
      has_moved |= follow(client);
    }
    if (server.deadline() && server.deadline()->at <= now_) {
      server.elapsed(now_);
      has_moved = true;
    }
    server.take_changed(changed);
  }
  server.check_invariants();
  for (Client& client : clients_) decode(client);
}

// Cuts what is on its way anew.
void World::recut(Client& client) {
  std::deque<std::string> pieces;
  if (cuts_ == Cuts::as_sent) {
    for (const std::string& piece : client.outgoing) {
      for (std::size_t place = 0; place < piece.size(); place += read_size_max) {
        pieces.push_back(piece.substr(place, read_size_max));
      }
    }
  } else {
    std::string all;
    for (const std::string& piece : client.outgoing) all.append(piece);
    const std::size_t large = std::clamp<std::size_t>(all.size() / 32, 8, read_size_max);
    for (std::size_t place = 0; place < all.size();) {
      std::size_t size = 1;
      if (cuts_ == Cuts::random) size = random_up_to(random_up_to(4) == 1 ? 8 : large);
      pieces.push_back(all.substr(place, size));
      place += size;
    }
  }
  client.outgoing = std::move(pieces);
  client.is_joined = false;
}

// 1 to `max`. Not by a distribution of the standard library: those differ between libraries.
std::size_t World::random_up_to(std::size_t max) { return 1 + random_() % max; }

bool World::bring(Client& client) {
  if (client.is_released) return false;
  if (!server.wish(client.id).read) {
    const bool is_lost = server.wish(client.id).end == End::release || client.has_ended;
    if (is_lost) client.outgoing.clear();
    return false;
  }
  if (!client.outgoing.empty()) {
    // A copy of just its size, so that a look beyond its end is noticed.
    std::vector<std::byte> bytes(client.outgoing.front().size());
    std::memcpy(bytes.data(), client.outgoing.front().data(), bytes.size());
    client.outgoing.pop_front();
    server.received(now_, client.id, bytes);
    return true;
  }
  if (!client.wants_to_end || client.has_ended) return false;
  client.has_ended = true;
  server.ended(now_, client.id);
  return true;
}

bool World::fetch(Client& client) {
  bool has_moved = false;
  while (client.room > 0 && server.wish(client.id).write) {
    std::array<Slice, 8> slices{};
    const std::size_t count = server.gather(client.id, slices);
    std::size_t left = client.room;
    if (cuts_ == Cuts::random && random_up_to(4) == 1) left = std::min(left, random_up_to(4096));
    std::size_t taken = 0;
    for (const Slice& slice : std::span{slices}.first(count)) {
      const std::size_t part = std::min(left, slice.size());
      client.received.append(as_text(slice.first(part)));
      left -= part;
      taken += part;
    }
    if (taken == 0) throw Mismatch("there is something to write, and nothing to gather");
    if (client.room != SIZE_MAX) client.room -= taken;
    server.wrote(now_, client.id, taken);
    has_moved = true;
  }
  return has_moved;
}

bool World::follow(Client& client) {
  if (client.is_released) return false;
  const Wish wish = server.wish(client.id);
  if (wish.confirm) {
    server.acknowledged(now_, client.id, true);
    return true;
  }
  if (wish.end == End::fin) client.has_fin = true;
  if (wish.end != End::release) return false;
  client.is_released = true;
  server.released(now_, client.id);
  return true;
}

// --- What has come ------------------------------------------------------------------------------

void World::decode(Client& client) {
  while (client.is_upgraded && decode_frame(client)) {
  }
}

// Whatever else a frame may be: the server's are final, not masked, and as short as can be.
bool World::decode_frame(Client& client) {
  const std::string_view bytes = std::string_view{client.received}.substr(client.looked_at);
  if (bytes.size() < 2) return false;
  const unsigned first = value_of(bytes[0]);
  const unsigned second = value_of(bytes[1]);
  if ((second & 0x80U) != 0) throw Mismatch("a masked frame from the server");
  if ((first & 0xB0U) != 0x80U)
    throw Mismatch("a frame with FIN, RSV2 or RSV3 as they must not be");
  const std::size_t length_size = second == 127 ? 8 : second == 126 ? 2 : 0;
  if (bytes.size() < 2 + length_size) return false;
  const std::uint64_t size = length_size == 0 ? second : number_from(bytes.substr(2, length_size));
  const bool is_minimal = (length_size != 2 || size > 125) && (length_size != 8 || size > 0xFFFF);
  if (!is_minimal) throw Mismatch("a length that is not in its shortest form");
  if (bytes.size() < 2 + length_size + size) return false;
  if (client.has_close) throw Mismatch("a frame behind the Close");

  client.looked_at += 2 + length_size + size;
  std::string payload{bytes.substr(2 + length_size, size)};
  const auto opcode = static_cast<Opcode>(first & 0x0FU);
  const bool is_compressed = (first & 0x40U) != 0;
  if (is_compressed) {
    if (!client.window_bits || !is_data(opcode)) throw Mismatch("RSV1 where it means nothing");
    payload = inflated(std::move(payload), *client.window_bits);
    ++client.compressed;
  }
  if (opcode == Opcode::close) {
    decode_close(client, payload);
  } else if (is_data(opcode)) {
    client.data.push_back({opcode, std::move(payload)});
  } else if (opcode == Opcode::ping || opcode == Opcode::pong) {
    client.control.push_back({opcode, std::move(payload)});
  } else {
    throw Mismatch("a frame with " + name_of(opcode) + " from the server");
  }
  return true;
}

void World::decode_close(Client& client, std::string_view payload) {
  client.has_close = true;
  if (payload.empty()) return;
  if (payload.size() == 1 || payload.size() > 125) throw Mismatch("a Close of impossible size");
  client.close_code = static_cast<std::uint16_t>(number_from(payload.substr(0, 2)));
  client.close_reason = payload.substr(2);
  if (!is_utf8(as_bytes(client.close_reason))) throw Mismatch("a reason that is not UTF-8");
}

void World::compare(Client& client, const std::vector<Seen>& frames) {
  std::vector<Seen> data;
  std::vector<Seen> control;
  for (const Seen& frame : frames) (is_data(frame.opcode) ? data : control).push_back(frame);
  for (const auto& [came, wanted] :
       {std::pair{&client.data, &data}, std::pair{&client.control, &control}}) {
    if (*came != *wanted) {
      throw Mismatch("wanted " + described(*wanted) + ", got " + described(*came));
    }
    came->clear();
  }
}

void World::expect(const std::vector<Seen>& frames, std::size_t client) {
  settle();
  Client& it = clients_.at(client);
  compare(it, frames);
  if (it.has_close) {
    throw Mismatch("wanted it to stay open, got a Close " +
                   (it.close_code ? std::to_string(*it.close_code) : "without a code"s) + " " +
                   quoted(it.close_reason));
  }
  const bool is_half = it.room == SIZE_MAX && it.looked_at != it.received.size();
  if (is_half) throw Mismatch("got half a frame");
}

void World::expect_close(std::optional<std::uint16_t> code, const std::vector<Seen>& frames,
                         std::size_t client) {
  settle();
  Client& it = clients_.at(client);
  const auto told = [](std::optional<std::uint16_t> which) {
    return which ? std::to_string(*which) : "no code"s;
  };
  compare(it, frames);
  if (!it.has_close) throw Mismatch("wanted a Close with " + told(code) + ", got none");
  if (it.close_code != code) {
    throw Mismatch("wanted a Close with " + told(code) + ", got " + told(it.close_code) + " " +
                   quoted(it.close_reason));
  }
  if (it.looked_at != it.received.size()) throw Mismatch("bytes behind the Close");
}

void World::expect_fin(bool is_there, std::size_t client) {
  settle();
  if (clients_.at(client).has_fin != is_there) {
    throw Mismatch(is_there ? "the server does not end its side" : "the server ended its side");
  }
}

void World::expect_released(bool is_there, std::size_t client) {
  settle();
  if (clients_.at(client).is_released != is_there) {
    throw Mismatch(is_there ? "the server does not let go" : "the server let go");
  }
}

void World::expect_response(std::string_view first_line, const std::vector<std::string>& fields,
                            std::size_t client) {
  settle();
  Client& it = clients_.at(client);
  const std::string_view bytes = std::string_view{it.received}.substr(it.looked_at);
  const std::size_t size = bytes.find("\r\n\r\n");
  if (size == std::string_view::npos) throw Mismatch("no answer to the request: " + quoted(bytes));
  it.response = bytes.substr(0, size + 2);
  it.looked_at += size + 4;
  if (!it.response.starts_with(std::string{first_line}.append("\r\n"))) {
    throw Mismatch("wanted " + quoted(first_line) + ", got " + quoted(it.response));
  }
  for (const std::string& field : fields) {
    if (it.response.find("\r\n" + field + "\r\n") == std::string::npos) {
      throw Mismatch("wanted the field " + quoted(field));
    }
  }
  it.is_upgraded = first_line.find(" 101 ") != std::string_view::npos;
  if (!it.is_upgraded) return;
  if (it.response.find("\r\nSec-WebSocket-Extensions: permessage-deflate") != std::string::npos) {
    constexpr std::string_view parameter = "server_max_window_bits=";
    const std::size_t place = it.response.find(parameter);
    it.window_bits =
        place == std::string::npos ? 15 : std::stoi(it.response.substr(place + parameter.size()));
  }
  decode(it);
}

void World::expect_no_field(std::string_view name, std::size_t client) {
  if (clients_.at(client).response.find("\r\n"s.append(name).append(":")) != std::string::npos) {
    throw Mismatch("wanted no field " + quoted(name));
  }
}

std::string World::body(std::size_t client) {
  Client& it = clients_.at(client);
  std::string rest = it.received.substr(it.looked_at);
  it.looked_at = it.received.size();
  return rest;
}

std::optional<int> World::window_bits(std::size_t client) const {
  return clients_.at(client).window_bits;
}

std::size_t World::compressed_count(std::size_t client) const {
  return clients_.at(client).compressed;
}

void World::finish() {
  for (std::size_t number = 0; number < clients_.size(); ++number) {
    read_on(number);
    settle();
    Client& client = clients_[number];
    const bool is_over = client.has_close || client.has_fin || client.is_released;
    if (client.is_upgraded && !is_over && !client.wants_to_end) {
      send(close_frame(1000), number);
      expect_close(1000, {}, number);
      expect_fin(true, number);
    }
    end(number);
    settle();
    compare(client, {});
    if (!client.is_released) throw Mismatch("the server does not let go at the end");
  }
  if (server.connection_count() != 0) throw Mismatch("something is left at the end");
}

// --- The table ----------------------------------------------------------------------------------

Play exchange(std::string in, std::vector<Seen> out) {
  return [in = std::move(in), out = std::move(out)](World& world) {
    world.send(in);
    world.expect(out);
  };
}

Play failing(std::string in, std::vector<Seen> out, std::uint16_t code) {
  return [in = std::move(in), out = std::move(out), code](World& world) {
    world.send(in);
    world.expect_close(code, out);
    world.expect_fin();
  };
}

std::vector<Category> table() {
  return {
      framing(),    pings(),        reserved_bits(),      opcodes(),  fragmentation(), utf8(),
      closes(),     sizes(),        auto_fragmentation(), contents(), offers(),        protocol(),
      handshakes(), server_closes()};
}

std::string run(const Case& which) {
  struct Mode {
    std::string_view name;
    Cuts cuts;
    std::uint32_t seed;
  };
  constexpr std::array<Mode, 4> modes{
      Mode{"as sent", Cuts::as_sent, 0}, Mode{"cut at random, seed 1", Cuts::random, 1},
      Mode{"cut at random, seed 2", Cuts::random, 2}, Mode{"byte by byte", Cuts::by_bytes, 0}};
  std::size_t size = 0;
  for (const Mode& mode : modes) {
    const bool is_for_small_ones = mode.seed == 2 || mode.cuts == Cuts::by_bytes;
    if (is_for_small_ones && size > by_bytes_max) continue;
    try {
      World world{which.setup, mode.cuts, mode.seed};
      which.play(world);
      world.finish();
      size = world.bytes_sent();
    } catch (const Mismatch& mismatch) {
      return std::string{mode.name} + ": " + mismatch.what();
    }
  }
  return {};
}

}  // namespace lastword::test::conformance
