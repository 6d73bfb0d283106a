#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "fault/story.hpp"
#include "support/temporary_directory.hpp"

namespace foldback::fault {

/// What was tried and what was found.
struct PowerLosses {
    std::uint64_t states = 0;       ///< different disks that a store was opened on
    std::uint64_t rebuilt = 0;      ///< of those, where it built its index again
    std::uint64_t torn = 0;         ///< of those, where it cut a torn commit
    std::uint64_t in_recovery = 0;  ///< of those, where the power failed again while the store was opened
    std::string failure;            ///< the first; empty: none
};

/// Loses power at every operation of a story, in every way, and looks at what a store makes of the disk: everything
/// acknowledged must be there, exactly once and in order; what was under way whole or not at all; opening again and
/// again must change nothing.
class PowerLoss {
public:
    PowerLoss(Story& story, std::uint64_t seed, Disk::Lies lies = {});

    /// `states_per_operation`: beyond the two that lose all or nothing.
    PowerLosses run(unsigned states_per_operation);

private:
    void try_state(std::size_t operation, Loss loss, const Image& image);
    void check(std::size_t operation, const Image& image);
    void open_and_compare(std::size_t operation);
    /// The power fails once more, at some operation of the opening.
    void lose_again(std::size_t operation, const Image& image);
    [[nodiscard]] std::size_t last_acknowledged(std::size_t operation) const;

    Story& story_;
    Random random_;
    std::uint64_t seed_;
    Disk::Lies lies_;
    test::TemporaryDirectory directory_{fast_directory()};
    std::set<std::size_t> seen_;
    PowerLosses found_;
};

}  // namespace foldback::fault
