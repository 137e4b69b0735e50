#include "core/client/back_off.h"

#include <algorithm>

namespace lastword::client {

Duration BackOff::next(Setback setback, RandomStream& random, Duration at_least) {
  switch (setback) {
    case Setback::broken:
      base_ = std::max(base_, delays_.first);
      break;
    case Setback::restart:
      base_ = std::max(base_, delays_.after_restart);
      break;
    case Setback::refusal:
      base_ = std::max(base_, delays_.after_refusal);
      break;
  }
  ceiling_ = base_;
  for (std::uint32_t doublings = 0; doublings < setbacks_ && ceiling_ < delays_.max; ++doublings) {
    ceiling_ *= 2;
  }
  ceiling_ = std::min(ceiling_, delays_.max);
  ++setbacks_;
  return std::min(at_least, delays_.max) + random.up_to(ceiling_);
}

void BackOff::went_offline(Instant now) {
  if (online_since_ && now - *online_since_ >= delays_.stable) {
    base_ = Duration::zero();
    setbacks_ = 0;
  }
  online_since_.reset();
}

void BackOff::add_to(Digest& digest) const {
  digest.add(static_cast<std::uint64_t>(base_.count()));
  digest.add(setbacks_);
  digest.add(online_since_ ? static_cast<std::uint64_t>(*online_since_) + 1 : 0);
}

}  // namespace lastword::client
