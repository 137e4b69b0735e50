#include <string>
#include <string_view>
#include <vector>

namespace {
constexpr std::string_view reasons[] = {"not_connected", "peer_gone"};
}

extern constinit const int lines_max = 100;

struct Visitor {
  virtual ~Visitor() = default;
  virtual void visit(const std::vector<std::string>& lines, unsigned index);
  std::string seen;
};

void Visitor::visit(const std::vector<std::string>& lines, unsigned index) {
  seen = lines.at(index);
  seen += reasons[index];
}
