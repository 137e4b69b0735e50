namespace {
thread_local int depth;
}

void enter() { ++depth; }
