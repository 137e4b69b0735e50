#include <zlib.h>

gzFile open_log() { return gzopen("log.gz", "wb"); }
