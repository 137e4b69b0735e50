#include "core/websocket/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <span>

#include "core/check.h"

namespace lastword::websocket {

namespace {

// What a message ends with that is left out on its way (RFC 7692, section 7.2.1).
constexpr std::array<std::byte, 4> tail{std::byte{0x00}, std::byte{0x00}, std::byte{0xFF},
                                        std::byte{0xFF}};

// The fastest level. Of chat-like text of 60 KB it makes 32 % in 0.4 ms, the usual level 6 makes
// 25 % in 1.9 ms, in which nobody else is served; below 1 KB they hardly differ.
constexpr int level = Z_BEST_SPEED;

struct Shape {
  int window_bits;
  int memory_level;  // how large the tables are that each message has to clear
};

// Negative window bits: raw DEFLATE, without the header and the checksum of zlib's format. Tables
// that are large for their window make it slow: at 9 bits, level 8 takes twice the time of level 5.
constexpr std::array<Shape, 2> shapes{Shape{.window_bits = -9, .memory_level = 5},
                                      Shape{.window_bits = -15, .memory_level = 7}};

// zlib gets its memory where everything else does. Through C no exception may pass.
void* allocate(void* /*opaque*/, unsigned count, unsigned size) {
  return ::operator new(std::size_t{count} * size, std::nothrow);
}

void release(void* /*opaque*/, void* memory) { ::operator delete(memory); }

// There is nothing else that can go wrong in it, as the arguments are ours.
void check_made(int result) {
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  LASTWORD_CHECK(result == Z_OK);
}

std::unique_ptr<z_stream> blank_stream() {
  auto stream = std::make_unique<z_stream>();
  stream->zalloc = allocate;
  stream->zfree = release;
  return stream;
}

unsigned zlib_size(std::size_t size) {
  LASTWORD_CHECK(size <= std::numeric_limits<unsigned>::max());
  return static_cast<unsigned>(size);
}

Bytef* zlib_bytes(std::byte* bytes) { return reinterpret_cast<Bytef*>(bytes); }

// zlib does not write to its input, but says so only if it is compiled with ZLIB_CONST.
Bytef* zlib_bytes(const std::byte* bytes) { return zlib_bytes(const_cast<std::byte*>(bytes)); }

void set_input(z_stream& stream, Bytes bytes) {
  stream.next_in = zlib_bytes(bytes.data());
  stream.avail_in = zlib_size(bytes.size());
}

void set_output(z_stream& stream, std::span<std::byte> room) {
  stream.next_out = zlib_bytes(room.data());
  stream.avail_out = zlib_size(room.size());
}

z_stream& deflate_stream(ZlibStream<end_deflate>& kept, Window window) {
  if (kept.get() == nullptr) {
    auto stream = blank_stream();
    const auto [window_bits, memory_level] = shapes[static_cast<std::size_t>(window)];
    check_made(deflateInit2(stream.get(), level, Z_DEFLATED, window_bits, memory_level,
                            Z_DEFAULT_STRATEGY));
    kept.take(stream.release());
  }
  return *kept.get();
}

z_stream& inflate_stream(ZlibStream<end_inflate>& kept) {
  if (kept.get() == nullptr) {
    auto stream = blank_stream();
    check_made(inflateInit2(stream.get(), -15));
    kept.take(stream.release());
  }
  return *kept.get();
}

// Compresses as far as there is room; nothing is left unwritten if room is left.
void deflate_parts(z_stream& stream, std::initializer_list<Bytes> parts) {
  for (const Bytes part : parts) {
    if (part.empty()) continue;  // zlib takes no progress for an error
    set_input(stream, part);
    LASTWORD_CHECK(deflate(&stream, Z_NO_FLUSH) == Z_OK);
    if (stream.avail_out == 0) return;
  }
  LASTWORD_CHECK(deflate(&stream, Z_SYNC_FLUSH) == Z_OK);
}

// Inflates one message into a vector that grows with what is made. The message ends within an empty
// block without compression, whose last bytes are the tail: they make nothing, and end the block.
class Inflation {
 public:
  Inflation(z_stream& stream, std::size_t size_max, std::vector<std::byte>& out)
      : stream_(stream), size_max_(size_max), out_(out) {}

  std::expected<void, InflateError> run(Bytes compressed) {
    grow(2 * compressed.size());
    if (const auto result = read(compressed); !result) return result;
    const std::size_t size = made();
    if (const auto result = read(tail); !result) return result;
    if (made() != size || !is_at_block_end()) return std::unexpected{InflateError::invalid};
    out_.resize(size);
    return {};
  }

 private:
  [[nodiscard]] std::size_t made() const { return out_.size() - stream_.avail_out; }

  // Reads all of it, or fails.
  std::expected<void, InflateError> read(Bytes part) {
    set_input(stream_, part);
    while (stream_.avail_in > 0 || stream_.avail_out == 0) {
      if (stream_.avail_out == 0) grow(2 * out_.size());
      result_ = ::inflate(&stream_, Z_SYNC_FLUSH);
      if (result_ == Z_MEM_ERROR) throw std::bad_alloc();
      if (made() > size_max_) return std::unexpected{InflateError::too_large};
      if (result_ == Z_STREAM_END) {
        LASTWORD_CHECK(inflateReset(&stream_) == Z_OK);
      } else if (result_ != Z_OK && result_ != Z_BUF_ERROR) {
        return std::unexpected{InflateError::invalid};
      }
    }
    return {};
  }

  // Whether zlib has read a final block to its end, or another one and not the head of the next
  // (the 128; see inflate() in zlib.h).
  [[nodiscard]] bool is_at_block_end() const {
    return result_ == Z_STREAM_END || (stream_.data_type & 128) != 0;
  }

  // Makes room for so many bytes in all, as far as the limit and one byte more, which is enough to
  // see that it is broken. Reserved first: a vector left to itself would take twice the limit.
  void grow(std::size_t size) {
    const std::size_t already_made = made();
    const std::size_t size_new = std::min(std::max(size, step), size_max_ + 1);
    out_.reserve(size_new);
    out_.resize(size_new);
    set_output(stream_, std::span{out_}.subspan(already_made));
  }

  static constexpr std::size_t step = 1024;

  z_stream& stream_;
  std::size_t size_max_;
  std::vector<std::byte>& out_;
  int result_ = Z_OK;
};

}  // namespace

void end_deflate(z_stream_s* stream) {
  static_cast<void>(deflateEnd(stream));
  delete stream;
}

void end_inflate(z_stream_s* stream) {
  static_cast<void>(inflateEnd(stream));
  delete stream;
}

bool Deflater::compress(std::initializer_list<Bytes> parts, Window window,
                        std::vector<std::byte>& out) {
  std::size_t payload_size = 0;
  for (const Bytes part : parts) payload_size += part.size();

  // Room for a result with its tail that is as large as the payload, and so too large: whatever
  // leaves room is complete and small enough.
  z_stream& stream = deflate_stream(streams_[static_cast<std::size_t>(window)], window);
  const std::size_t size_before = out.size();
  out.resize(size_before + payload_size + tail.size());
  set_output(stream, std::span{out}.subspan(size_before));
  deflate_parts(stream, parts);
  const std::size_t room_left = stream.avail_out;
  LASTWORD_CHECK(deflateReset(&stream) == Z_OK);

  const bool is_smaller = room_left > 0;
  out.resize(is_smaller ? out.size() - room_left - tail.size() : size_before);
  return is_smaller;
}

std::expected<void, InflateError> Inflater::inflate(Bytes compressed, std::size_t size_max,
                                                    std::vector<std::byte>& out) {
  LASTWORD_CHECK(size_max < std::numeric_limits<unsigned>::max());
  out.clear();
  z_stream& stream = inflate_stream(stream_);
  LASTWORD_CHECK(inflateReset(&stream) == Z_OK);
  set_output(stream, out);
  const auto result = Inflation(stream, size_max, out).run(compressed);
  if (!result) out.clear();
  return result;
}

}  // namespace lastword::websocket
