#include <string>

const std::string& greeting(const char* name) {
  static const std::string text = name;
  return text;
}
