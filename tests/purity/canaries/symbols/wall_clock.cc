#include <ctime>

long seconds() { return std::time(nullptr); }
