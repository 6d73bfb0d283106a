#include "killed_store.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <latch>

#include "append_load.hpp"
#include "rows.hpp"

namespace bench {
namespace {

using namespace foldback;

constexpr int streams = 16;
constexpr int batches_between = 20;

/// Runs `work` in a child process that kills itself with SIGKILL afterwards; returns the seconds it reported.
double in_killed_child(const std::function<double()>& work) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    const auto child = ::fork();
    if (child == 0) {
        const double result = work();
        (void)!::write(ends[1], &result, sizeof result);
        ::kill(::getpid(), SIGKILL);
    }
    ::close(ends[1]);
    double result = 0;
    if (::read(ends[0], &result, sizeof result) != sizeof result) std::abort();
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return result;
}

/// False when the store is too busy.
bool try_append(LogStore& store, const StreamPath& stream, const Messages& messages, std::latch& written) {
    std::atomic<bool> busy{false};
    store.append({.stream = stream, .messages = messages}, [&](const Result<Appended>& outcome) {
        if (outcome) {
            written.count_down();
        } else if (outcome.error().reason == Refusal::busy) {
            busy = true;  // refused on this thread, before the call returned
        } else {
            std::abort();
        }
    });
    return !busy;
}

}  // namespace

KilledStore::KilledStore(std::filesystem::path path, int batches) : path_(std::move(path)) { append(batches); }

double KilledStore::open() {
    const auto spent = in_killed_child([&] {
        std::unique_ptr<LogStore> store;
        return seconds([&] { store = LogStore::open(path_); });
    });
    append(batches_between);
    return spent;
}

void KilledStore::append(int batches) {
    (void)in_killed_child([&] {
        auto store = LogStore::open(path_);
        const auto thousand = batch_of(1000);
        const auto paths = make_streams(*store, "orders/", streams);
        std::latch written(batches);
        for (int i = 0; i < batches; ++i) {
            while (!try_append(*store, paths[static_cast<std::size_t>(i % streams)], thousand, written)) ::usleep(1000);
        }
        written.wait();
        return 0.0;
    });
}

}  // namespace bench
