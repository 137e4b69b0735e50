#include <string>

#include <sys/socket.h>
