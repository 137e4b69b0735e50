#include "fuzz/client_wire.h"

#include "fuzz/oracle.h"
#include "sim/reference.h"
#include "sim/reference_frames.h"

namespace lastword::fuzz {

std::optional<Said> ClientWire::next() {
  if (transport_ == Transport::lines) return next_up_to("\n", Said::Kind::line);
  if (has_request_) return next_frame();
  auto request = next_up_to("\r\n\r\n", Said::Kind::request);
  has_request_ = request.has_value();
  return request;
}

std::optional<Said> ClientWire::next_up_to(std::string_view end, Said::Kind kind) {
  const std::size_t place = bytes_.find(end, taken_);
  if (place == std::string::npos) return std::nullopt;
  Said said{.kind = kind, .text = bytes_.substr(taken_, place - taken_)};
  // The lines of a request have their ends, all of them.
  if (kind == Said::Kind::request) said.text += end;
  taken_ = place + end.size();
  said.end = taken_;
  return said;
}

std::optional<Said> ClientWire::next_frame() {
  namespace op = sim::reference::op;
  const std::string_view rest = std::string_view{bytes_}.substr(taken_);
  const auto read = sim::reference::read_frame(rest);
  if (!read) return std::nullopt;
  const sim::reference::Frame& frame = read->frame;
  const auto readable_frame = [&] { return "the frame " + readable(rest.substr(0, read->size)); };
  require(frame.is_masked && frame.is_minimal && frame.is_final && frame.reserved == 0, "wire",
          readable_frame);
  taken_ += read->size;
  Said said{.text = frame.payload, .end = taken_};
  switch (frame.opcode) {
    case op::text:
    case op::binary:
      require(sim::reference::is_utf8(said.text) == (frame.opcode == op::text), "wire",
              readable_frame);
      return said;
    case op::ping:
      said.kind = Said::Kind::ping;
      return said;
    case op::pong:
      said.kind = Said::Kind::pong;
      return said;
    case op::close:
      require(said.text.empty() || said.text.size() == 2, "wire", readable_frame);
      said.kind = Said::Kind::close;
      for (const char byte : said.text)
        said.code = said.code * 256 + static_cast<unsigned char>(byte);
      return said;
    default:
      break_oracle("wire", readable_frame());
  }
}

}  // namespace lastword::fuzz
