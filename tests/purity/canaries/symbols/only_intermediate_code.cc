int thrice(int value) { return 3 * value; }
