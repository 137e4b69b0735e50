// Stands for a core where a canary needs one and its content does not matter.
int twice(int value) { return 2 * value; }
