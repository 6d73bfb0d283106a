#include <doctest/doctest.h>

#include <dlfcn.h>
#include <openssl/ssl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "foldback/client/client.hpp"

namespace {

constexpr int freed_too_late = 3;

std::atomic<bool> is_child{false};
std::atomic<bool> is_over{false};

/// The last that is done at the end of a process, after all libraries have cleaned up. Then the client's thread comes.
[[maybe_unused]] const int is_registered = std::atexit([] {
    if (!is_child) return;
    is_over = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
});

}  // namespace

extern "C" void SSL_CTX_free(SSL_CTX* context) {
    if (is_over) ::_exit(freed_too_late);
    static const auto free_it = reinterpret_cast<void (*)(SSL_CTX*)>(::dlsym(RTLD_NEXT, "SSL_CTX_free"));
    free_it(context);
}

namespace foldback::client {

namespace {

constexpr const char* role = "FOLDBACK_TEST_ENDING_PROCESS";

/// The process that ends.
void end_with_a_slow_thread() {
    is_child = true;
    std::atomic<bool> is_busy{false};
    {
        auto session = Client({.retry = {.max_retries = 0}}).stream("http://127.0.0.1:1/s").read();
        session.next([&](const ReadSession::Next&) {
            is_busy = true;
            is_busy.notify_all();
            // A thread that is slow, as any may be: the process is at its end before it goes on.
            for (int turn = 0; !is_over && turn < 10'000; ++turn)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        });
        is_busy.wait(false);
    }
    std::exit(0);
}

}  // namespace

TEST_CASE("a process may end while a client's thread lets the last of it go") {
    if (std::getenv(role) != nullptr) end_with_a_slow_thread();
    const auto self = std::filesystem::read_symlink("/proc/self/exe").string();

    const int status = std::system((std::string(role) + "=1 '" + self + "' --source-file='*process_end*'").c_str());

    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace foldback::client
