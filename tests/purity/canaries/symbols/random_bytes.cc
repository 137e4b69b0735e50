#include <openssl/rand.h>

bool draw(unsigned char* bytes, int size) { return RAND_bytes(bytes, size) == 1; }
