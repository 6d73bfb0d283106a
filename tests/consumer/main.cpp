// A program of somebody else: it knows the installed headers and nothing of the source tree.

#include "foldback/store/types.hpp"
#include "foldback/version.hpp"

#include <cstdio>

int main() {
    const foldback::Offset start{};
    std::printf("foldback %.*s\n", static_cast<int>(foldback::version().size()), foldback::version().data());
    return start == foldback::Offset{} ? 0 : 1;
}
