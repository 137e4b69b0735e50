#include "net/socket_io.h"

#include <sys/socket.h>

#include <cerrno>

namespace lastword {

namespace {

Transfer sent(ssize_t size) {
  if (size > 0) return {.kind = Transfer::Kind::bytes, .count = static_cast<std::size_t>(size)};
  const int error = size == 0 ? EAGAIN : errno;
  // ENOBUFS: the system is out of memory for now.
  if (is_would_block(error) || error == ENOBUFS) return {.kind = Transfer::Kind::would_block};
  return {.kind = Transfer::Kind::fault, .fault = fault_of(error)};
}

}  // namespace

bool is_would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

Fault fault_of(int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
      return Fault::reset;
    case ETIMEDOUT:
      return Fault::timed_out;
    default:
      return Fault::other;
  }
}

Transfer receive_some(int socket, std::span<std::byte> buffer) {
  const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (size > 0) return {.kind = Transfer::Kind::bytes, .count = static_cast<std::size_t>(size)};
  if (size == 0) return {.kind = Transfer::Kind::end};
  const int error = errno;
  if (is_would_block(error)) return {.kind = Transfer::Kind::would_block};
  return {.kind = Transfer::Kind::fault, .fault = fault_of(error)};
}

Transfer send_some(int socket, std::span<iovec> pieces) {
  if (pieces.size() == 1) {
    return sent(::send(socket, pieces.front().iov_base, pieces.front().iov_len, MSG_NOSIGNAL));
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return sent(::sendmsg(socket, &message, MSG_NOSIGNAL));
}

Transfer send_some(int socket, Bytes bytes) {
  return sent(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

void discard_received(int socket, std::span<std::byte> buffer) {
  constexpr int rounds_max = 16;
  for (int round = 0; round < rounds_max; ++round) {
    if (::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT) <= 0) return;
  }
}

}  // namespace lastword
