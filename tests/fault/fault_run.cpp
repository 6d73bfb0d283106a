#include "fault/fault_run.hpp"

#include <new>

#include "log/verify.hpp"
#include "support/temporary_directory.hpp"

namespace foldback::fault {

FaultRun::Outcome FaultRun::run(std::uint64_t seed, const LogStoreOptions& options, const Script& script,
                                const std::function<void(const std::filesystem::path&)>& begin_faults,
                                const std::function<bool()>& end_faults,
                                const std::function<void(bool)>& around_calls) {
    const test::TemporaryDirectory directory(fast_directory());
    Story story(options);
    Teller teller(story, seed, directory.path());
    teller.recorded_ = [] { return std::size_t{0}; };
    teller.may_be_full_ = true;
    if (around_calls) teller.around_calls = around_calls;
    Outcome outcome;
    begin_faults(directory.path());
    try {
        teller.open();
        script(teller);
    } catch (const StorageError& error) {
        outcome.first_error = error.what();
    } catch (const std::bad_alloc& error) {
        outcome.first_error = error.what();
    } catch (...) {
        (void)end_faults();
        throw;
    }
    outcome.noticed = !outcome.first_error.empty();
    teller.store_.reset();
    outcome.began = end_faults();
    if (outcome.noticed && !outcome.began) throw model::Mismatch("nothing failed, but: " + outcome.first_error);

    for (int times = 0; times < 2; ++times) {
        teller.open();
        teller.model_.restart();
        try {
            teller.look();
        } catch (const model::Mismatch& mismatch) {
            if (!teller.in_doubt_) throw;
            teller.model_ = std::move(*teller.in_doubt_);
            teller.in_doubt_.reset();
            teller.model_.restart();
            try {
                teller.look();
            } catch (const model::Mismatch& other) {
                throw model::Mismatch(std::string(mismatch.what()) + "; or, with what failed: " + other.what() +
                                      " (after: " + outcome.first_error + ")");
            }
        }
        teller.in_doubt_.reset();
        teller.store_.reset();
    }
    const auto report = verify_store(directory.path() / store_name);
    if (!report.sound()) throw model::Mismatch("the log is not sound: " + report.damage.front());
    return outcome;
}

}  // namespace foldback::fault
