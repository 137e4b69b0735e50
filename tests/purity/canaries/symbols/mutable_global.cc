int messages_accepted;

void accept() { ++messages_accepted; }
