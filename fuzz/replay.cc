// A target without libFuzzer: runs the inputs that are named, for ctest, with any compiler.
//
//   replay_TARGET FILE_OR_FOLDER...
//
// Every input is run once, in the order of the names. The last line says how many there were. An
// input that breaks something ends the program there, and its name is the last one printed.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/target.h"

namespace {

std::vector<std::filesystem::path> files_in(const std::filesystem::path& place) {
  if (!std::filesystem::is_directory(place)) return {place};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{place}) {
    const bool is_hidden = entry.path().filename().string().starts_with(".");
    if (entry.is_regular_file() && !is_hidden) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argument_count, char** arguments) {
  std::size_t count = 0;
  for (int at = 1; at < argument_count; ++at) {
    for (const std::filesystem::path& file : files_in(arguments[at])) {
      std::ifstream in{file, std::ios::binary};
      const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
      if (!in) {
        std::fprintf(stderr, "cannot read %s\n", file.c_str());
        return 2;
      }
      // Said before, so that it stands there if the target aborts.
      std::fprintf(stderr, "%s (%zu bytes)\n", file.c_str(), bytes.size());
      // A copy of exactly this size: reading beyond its end is an error that sanitizers see.
      const std::vector<std::uint8_t> copy{bytes.begin(), bytes.end()};
      LLVMFuzzerTestOneInput(copy.data(), copy.size());
      ++count;
    }
  }
  std::printf("%zu inputs, nothing broken\n", count);
  return 0;
}
