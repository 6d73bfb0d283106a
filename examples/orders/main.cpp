#include "foldback/app/database.hpp"
#include "program/command_line.hpp"

int main(int argc, char** argv) {
    foldback::forgo_sqlite_memory_statistics();
    return static_cast<int>(orders::cli::run(argc, argv));
}
