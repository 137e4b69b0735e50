#include "tests/end_to_end/proxy.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "tests/end_to_end/line_client.h"

namespace lastword::end_to_end {
namespace {

enum class Reading : std::uint8_t { bytes, nothing_yet, end, broken };

Reading read_some(const Descriptor& from, std::string& bytes) {
  std::array<char, 65'536> buffer;  // not cleared for each read
  const ssize_t count = ::recv(from.number(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count == 0) return Reading::end;
  if (count < 0) return errno == EAGAIN ? Reading::nothing_yet : Reading::broken;
  bytes.append(buffer.data(), static_cast<std::size_t>(count));
  return Reading::bytes;
}

}  // namespace

void Proxy::add_waits(std::vector<pollfd>& waits) const {
  waits.push_back({listener_.descriptor(), POLLIN, 0});
  // A conversation fits into the kernel's buffers: nothing has to wait to be written.
  for (const Link& link : links_) {
    waits.push_back({link.to_server.is_at_end ? -1 : link.client.number(), POLLIN, 0});
    waits.push_back({link.to_client.is_at_end ? -1 : link.server.number(), POLLIN, 0});
  }
}

void Proxy::handle(std::span<const pollfd> ready) {
  for (Link& link : links_) move(link);
  std::erase_if(links_, [](const Link& link) { return !link.client.is_open(); });
  if (ready[0].revents != 0) take_connection();
}

void Proxy::take_connection() {
  links_.push_back({.client = listener_.accept(),
                    .server = connect_to(server_),
                    .to_server = {},
                    .to_client = {},
                    .is_first = !std::exchange(has_had_first_, true)});
  if (links_.back().is_first && cut_.bytes == 0) cut(links_.back());
}

void Proxy::let_go() { reset(half_); }

void Proxy::move(Link& link) {
  pass(link, link.to_server, link.client, link.server, Direction::to_server);
  if (link.client.is_open()) {
    pass(link, link.to_client, link.server, link.client, Direction::to_client);
  }
  if (link.to_server.is_ended && link.to_client.is_ended) {
    link.client.close();
    link.server.close();
  }
}

void Proxy::pass(Link& link, Stream& stream, const Descriptor& from, const Descriptor& to,
                 Direction direction) {
  if (stream.is_at_end) return;
  switch (read_some(from, stream.bytes)) {
    case Reading::bytes:
      break;
    case Reading::nothing_yet:
      return;
    case Reading::end:
      stream.is_at_end = true;
      break;
    case Reading::broken:
      reset(link.client);
      reset(link.server);
      return;
  }
  if (link.is_thrown_away) {
    stream.is_ended = stream.is_at_end;
    return;
  }
  const bool is_to_be_cut = link.is_first && direction == cut_.direction;
  const std::size_t room = is_to_be_cut ? cut_.bytes - stream.passed : stream.bytes.size();
  const std::string_view passing = std::string_view(stream.bytes).substr(0, room);
  static_cast<void>(::send(to.number(), passing.data(), passing.size(), MSG_NOSIGNAL));
  stream.passed += passing.size();
  if (is_to_be_cut && stream.passed == cut_.bytes) return cut(link);
  stream.bytes.clear();
  if (!stream.is_at_end) return;
  stream.is_ended = true;
  ::shutdown(to.number(), SHUT_WR);
}

void Proxy::cut(Link& link) {
  has_cut_ = true;
  if (cut_.kind == Cut::Kind::half) half_ = std::move(link.server);
  if (cut_.kind != Cut::Kind::end) {
    reset(link.server);
    reset(link.client);
    return;
  }
  link.is_thrown_away = true;
  ::shutdown(link.server.number(), SHUT_WR);
  ::shutdown(link.client.number(), SHUT_WR);
  link.to_server.is_ended = link.to_server.is_at_end;
  link.to_client.is_ended = link.to_client.is_at_end;
}

}  // namespace lastword::end_to_end
