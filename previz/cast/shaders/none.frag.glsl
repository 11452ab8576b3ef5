#version 330
// Writes depth alone.
void main() {}
