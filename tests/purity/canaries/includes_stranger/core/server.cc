#include "core/../net/x.h"
#include "framer.h"
#include "core/nowhere.h"
#include LASTWORD_CHOSEN_ELSEWHERE
