#include "net/x.h"
