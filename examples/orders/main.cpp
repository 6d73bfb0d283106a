#include "program/command_line.hpp"

int main(int argc, char** argv) { return static_cast<int>(orders::cli::run(argc, argv)); }
