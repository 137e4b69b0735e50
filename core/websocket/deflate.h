// The payloads of permessage-deflate (RFC 7692, section 7.2), without context takeover: each
// message is compressed for itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <memory>
#include <vector>

#include "core/bytes.h"

struct z_stream_s;  // NOLINT(*-identifier-naming): zlib's

namespace lastword::websocket {

// zlib's stream and its memory, made at first use and kept because that is dear. Between two
// messages it holds nothing that matters, so a copy of a stream is one not made yet, and one that
// is assigned to keeps its own: a part of a value type that is copied as a snapshot.
//
// `end` is called with the stream at the end of its life.
template <void (*end)(z_stream_s*)>
class ZlibStream {
 public:
  ZlibStream() = default;
  ZlibStream(const ZlibStream& /*other*/) noexcept {}
  ZlibStream(ZlibStream&& other) noexcept = default;
  ZlibStream& operator=(const ZlibStream& /*other*/) noexcept { return *this; }
  ZlibStream& operator=(ZlibStream&& other) noexcept = default;
  ~ZlibStream() = default;

  [[nodiscard]] z_stream_s* get() const { return stream_.get(); }
  void take(z_stream_s* stream) { stream_.reset(stream); }

 private:
  struct Deleter {
    void operator()(z_stream_s* stream) const noexcept { end(stream); }
  };

  // On the heap, because zlib remembers where it is.
  std::unique_ptr<z_stream_s, Deleter> stream_;
};

void end_deflate(z_stream_s* stream);
void end_inflate(z_stream_s* stream);

// How far back the peer's inflater can look: server_max_window_bits, as far as we tell apart.
enum class Window : std::uint8_t {
  narrow,  // 9 bits, 512 bytes, which every peer can inflate
  wide,    // 15 bits, 32 KiB
};

// Invariants:
//  1. The result depends on the arguments alone.
//  2. Once a window was used, compressing for it allocates nothing but room in `out`.
class Deflater {
 public:
  // Appends one compressed message, as it goes into a frame (RFC 7692, section 7.2.1: without the
  // last 00 00 FF FF). `parts` are its payload, one behind the other. If that would not be smaller
  // than the payload, the answer is false and `out` is as it was.
  //
  // Throws std::bad_alloc, and nothing else.
  [[nodiscard]] bool compress(std::initializer_list<Bytes> parts, Window window,
                              std::vector<std::byte>& out);

 private:
  std::array<ZlibStream<end_deflate>, 2> streams_;  // by Window
};

enum class InflateError : std::uint8_t {
  invalid,    // no DEFLATE data, or it ends within a block
  too_large,  // more than the caller wants
};

// Invariants:
//  1. The result depends on the arguments alone.
//  2. Once used, inflating allocates nothing but room in `out`.
class Inflater {
 public:
  // The payload of one message (RFC 7692, section 7.2.2), in `out`, whatever that held before.
  // Its last frame's end is where `compressed` ends.
  //
  // The limit acts while inflating: no more than size_max + 1 bytes are ever made or made room for.
  // On an error `out` is empty. Bytes of a wrong message may be reported as too large before they
  // are known to be wrong.
  //
  // A block with BFINAL ends a DEFLATE stream; another one begins behind it, at the next whole byte
  // and with an empty window, as browsers read it.
  //
  // Throws std::bad_alloc, and nothing else.
  [[nodiscard]] std::expected<void, InflateError> inflate(Bytes compressed, std::size_t size_max,
                                                          std::vector<std::byte>& out);

 private:
  ZlibStream<end_inflate> stream_;
};

}  // namespace lastword::websocket
