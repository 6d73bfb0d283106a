#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "fault/story.hpp"

namespace foldback::fault {

/// A script run once while something fails, and what the store has afterwards, when nothing fails any more: everything it
/// had acknowledged, and the write that failed whole or not at all.
class FaultRun {
public:
    struct Outcome {
        bool began = false;         ///< a fault happened: with more calls before it, it will not
        bool noticed = false;       ///< the store or the caller got an error, and stopped
        std::string first_error{};  ///< what it said
    };

    /// `begin_faults` is called before the store is opened, `end_faults` after the script's end; the latter says
    /// whether anything failed. `around_calls`: see Teller. Throws model::Mismatch when the store is wrong, with whatever else the script throws that
    /// is no StorageError, RefusedError or std::bad_alloc.
    [[nodiscard]] static Outcome run(std::uint64_t seed, const LogStoreOptions& options, const Script& script,
                                     const std::function<void(const std::filesystem::path&)>& begin_faults,
                                     const std::function<bool()>& end_faults,
                                     const std::function<void(bool)>& around_calls = {});
};

}  // namespace foldback::fault
