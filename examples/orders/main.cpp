#include "foldback/app/database.hpp"
#include "program/command_line.hpp"

int main(int argc, char** argv) {
    foldback::tune_sqlite();
    return static_cast<int>(orders::cli::run(argc, argv));
}
