#include <doctest/doctest.h>

#include <cerrno>
#include <optional>

#include "fault/fault_run.hpp"
#include "fault/recorder.hpp"
#include "support/environment.hpp"

/// Every system call that a store and SQLite make on their files fails, once or from then on, with every error that it
/// knows. What was acknowledged must be there afterwards. FOLDBACK_ROUNDS above 1: so many seeds, and no call is left out.
namespace foldback::fault {
namespace {

using On = InjectedFault::On;
using Work = LogStore::Work;

/// Maintenance that fails is tried again later, by whoever does it.
void work_if_possible(Teller& teller, Work work) {
    try {
        teller.work(work);
    } catch (const StorageError&) {
        // As the maintenance thread does: reported, and no more.
    }
}

void a_bit_of_everything(Teller& teller) {
    teller.create({.stream = "a", .config = {.content_type = "application/json"}});
    teller.create({.stream = "bytes", .initial = Messages::bytes(teller.text(3000))});
    for (std::uint64_t i = 0; i < 10; ++i) {
        teller.append({.stream = "a", .messages = teller.json(4, 500), .producer = Producer{"p", 0, i}});
        if (i == 3) teller.create({.stream = "fork", .config = {.content_type = {}}, .fork = ForkFrom{.source = "a"}});
        if (i == 4) teller.truncate("a", 9);
        if (i == 5) teller.remove("bytes");
        if (i % 4 == 1) work_if_possible(teller, Work::checkpoint);
        if (i % 4 == 3) work_if_possible(teller, Work::rewrite);
    }
    teller.append({.stream = "a", .close = true});
    teller.look();
    teller.reopen();
    teller.append({.stream = "fork", .messages = teller.json(1, 100)});
}

/// Moves one fault through the script until it no longer happens.
std::uint64_t sweep(std::uint64_t seed, On on, int error, bool sticky, std::uint64_t step) {
    std::uint64_t runs = 0;
    for (std::uint64_t calls = 0;; calls += step) {
        std::optional<Recorder> recorder;
        const auto begin = [&](const std::filesystem::path& directory) {
            recorder.emplace(directory);
            recorder->inject({.on = on, .after_calls = calls, .error = error, .sticky = sticky});
        };
        const auto end = [&] {
            const bool injected = recorder->injected() > 0;
            recorder.reset();
            return injected;
        };
        try {
            ++runs;
            if (!FaultRun::run(seed, small_store(), a_bit_of_everything, begin, end).began) return runs;
        } catch (const std::exception& failure) {
            FAIL_CHECK("seed ", seed, ", call ", calls, ", errno ", error,
                       sticky ? ", sticky: " : ", once: ", std::string(failure.what()));
            return runs;
        }
    }
}

void sweep_all(On on, std::initializer_list<int> errors, std::uint64_t step) {
    std::uint64_t runs = 0;
    const auto seeds = test::number_from("FOLDBACK_ROUNDS", 1);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        for (const auto error : errors) {
            runs += sweep(seed, on, error, false, seeds > 1 ? 1 : step);
            if (error != EINTR) runs += sweep(seed, on, error, true, seeds > 1 ? 1 : step);  // no signal comes for ever
        }
    }
    MESSAGE(runs, " runs");
    CHECK(runs > 20);
}

}  // namespace

TEST_CASE("a call that changes files may fail at any moment, and nothing acknowledged is lost") {
    sweep_all(On::change, {EIO, ENOSPC}, 1);
}

TEST_CASE("other errors of calls that change files lose nothing either") {
    sweep_all(On::change, {EDQUOT, EINTR, ENOMEM, EROFS}, 3);
}

TEST_CASE("a read may fail at any moment, and no stream is shortened or forgotten") {
    sweep_all(On::read, {EIO, EINTR}, 2);
}

TEST_CASE("a file may be impossible to open at any moment") { sweep_all(On::open, {EMFILE, EIO, EACCES}, 1); }

}  // namespace foldback::fault
