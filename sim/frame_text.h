// A WebSocket's bytes as a person reads them.
#pragma once

#include <string>
#include <string_view>

namespace lastword::sim {

// Follows one direction of a WebSocket connection for a story. Frames are told by what they say
// when their last byte is there, pieces of frames by how many bytes they have.
class FrameText {
 public:
  // What these next bytes of the stream are.
  [[nodiscard]] std::string tell(std::string_view bytes);

 private:
  std::string unread_;
  bool is_open_ = false;  // the request, or its answer, is over
};

}  // namespace lastword::sim
