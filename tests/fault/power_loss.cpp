#include "fault/power_loss.hpp"

#include <algorithm>
#include <string_view>

#include "fault/recorder.hpp"
#include "log/crc32c.hpp"

namespace foldback::fault {
namespace {

/// Every so many states the store is opened twice more, and the power fails while it is opened.
constexpr std::uint64_t reopen_every = 8;
constexpr std::uint64_t lose_again_every = 40;

std::size_t hash_of(const Image& image) {
    std::size_t hash = 0;
    for (const auto& [path, contents] : image) {
        for (const auto& part : {std::string_view(path), std::string_view(contents)})
            hash = hash * 0x9E3779B97F4A7C15U + log::crc32c(part);
    }
    return hash;
}

}  // namespace

PowerLoss::PowerLoss(Story& story, std::uint64_t seed, Disk::Lies lies)
    : story_(story), random_(seed), seed_(seed), lies_(lies) {}

PowerLosses PowerLoss::run(unsigned states_per_operation) {
    Disk disk({}, lies_);
    std::size_t done = 0;
    for (const auto& operation : story_.disk_operations) {
        disk.apply(operation);
        ++done;
        for (const auto loss : {Loss::all, Loss::none}) try_state(done, loss, disk.after(loss, random_));
        for (unsigned i = 0; i < states_per_operation; ++i) {
            const auto loss = all_losses[2 + random_() % (std::size(all_losses) - 2)];
            try_state(done, loss, disk.after(loss, random_));
        }
        if (!found_.failure.empty()) break;
    }
    return std::move(found_);
}

void PowerLoss::try_state(std::size_t operation, Loss loss, const Image& image) {
    // The same disk may be due to promise more than before.
    if (!seen_.insert(hash_of(image) * 31 + last_acknowledged(operation)).second) return;
    ++found_.states;
    try {
        check(operation, image);
    } catch (const std::exception& error) {
        found_.failure = "seed " + std::to_string(seed_) + ", power lost after disk operation " +
                         std::to_string(operation) + ", " + name_of(loss) + ": " + error.what();
    }
}

void PowerLoss::check(std::size_t operation, const Image& image) {
    put(image, directory_.path());
    open_and_compare(operation);
    if (found_.states % reopen_every == 0) {
        for (int again = 0; again < 2; ++again) open_and_compare(operation);
    }
    if (found_.states % lose_again_every == 0) lose_again(operation, image);
}

std::size_t PowerLoss::last_acknowledged(std::size_t operation) const {
    const auto later =
        std::upper_bound(story_.moments.begin(), story_.moments.end(), operation,
                         [](std::size_t count, const Moment& moment) { return count < moment.disk_operations; });
    return static_cast<std::size_t>(later - story_.moments.begin()) - 1;
}

void PowerLoss::open_and_compare(std::size_t operation) {
    const auto acknowledged = last_acknowledged(operation);
    const auto& moment = story_.moments[acknowledged];
    story_.clock.advance(std::chrono::milliseconds{moment.now_ms} - story_.clock.monotonic());
    auto options = story_.options;
    options.background_threads = false;
    OpenReport report;
    const auto store = LogStore::open(directory_.path() / store_name, options, &report);
    found_.rebuilt += report.index_rebuilt ? 1 : 0;
    found_.torn += report.torn_bytes > 0 ? 1 : 0;
    auto model = moment.model;
    model.restart();
    const auto compare = [&](const model::Model& wanted) {
        model::compare_all(*store, wanted, random_);
        model::compare_memory(*store, wanted);
    };
    try {
        compare(model);
    } catch (const model::Mismatch& mismatch) {
        if (acknowledged + 1 == story_.moments.size()) throw;
        auto next = story_.moments[acknowledged + 1].model;
        next.restart();
        try {
            compare(next);
        } catch (const model::Mismatch& other) {
            throw model::Mismatch(std::string(mismatch.what()) + "; or, with what was under way: " + other.what());
        }
    }
}

void PowerLoss::lose_again(std::size_t operation, const Image& image) {
    put(image, directory_.path());
    std::vector<DiskOperation> opening;
    {
        Recorder recorder(directory_.path());
        auto options = story_.options;
        options.background_threads = false;
        LogStore::open(directory_.path() / store_name, options).reset();
        opening = recorder.finish();
    }
    if (opening.empty()) return;
    for (int i = 0; i < 4; ++i) {
        Disk disk(image, lies_);
        const auto done = random_() % opening.size() + 1;
        for (std::size_t at = 0; at < done; ++at) disk.apply(opening[at]);
        put(disk.after(all_losses[random_() % std::size(all_losses)], random_), directory_.path());
        ++found_.states;
        ++found_.in_recovery;
        open_and_compare(operation);
    }
}

}  // namespace foldback::fault
