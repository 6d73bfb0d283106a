// Appends to a store in this process, as one peer among servers: a round each time a line comes.
// usage: append_rounds DIRECTORY EVENTS IN_FLIGHT
//        reads lines with a number of seconds; answers each with the events appended per second, durably
#include <cstdio>
#include <exception>
#include <iostream>

#include "append_load.hpp"

namespace {

int run(const std::filesystem::path& directory, std::size_t events, int in_flight) {
    const auto store = foldback::LogStore::open(directory);
    const auto streams = bench::make_streams(*store, "orders/", in_flight);
    const auto messages = bench::batch_of(events);
    double seconds = 0;
    while (std::cin >> seconds) {
        const auto rate = bench::appends(*store, streams, messages, seconds).appends_per_second;
        std::printf("%.1f\n", rate * static_cast<double>(events));
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace

int main(int count, char** words) try {
    if (count != 4) {
        std::fputs("usage: append_rounds DIRECTORY EVENTS IN_FLIGHT\n", stderr);
        return 2;
    }
    return run(words[1], std::stoul(words[2]), std::stoi(words[3]));
} catch (const std::exception& error) {
    std::fprintf(stderr, "append_rounds: %s\n", error.what());
    return 1;
}
