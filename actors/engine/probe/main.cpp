// A static program that does nothing: the command with which the local engine tries out whether a way of
// isolating works here.
int main() { return 0; }
