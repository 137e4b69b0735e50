// The face that libFuzzer asks of a target. Each target's source defines it; replay.cc calls it
// where there is no libFuzzer.
#pragma once

#include <cstddef>
#include <cstdint>

// Reads one input and holds what comes of it against the target's oracles; aborts if one is broken.
// Always returns 0: no input is left out of the corpus.
// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
