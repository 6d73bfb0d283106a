#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include "protocol/live_source.hpp"

namespace foldback::server::protocol {

/// Reads a live source without making its thread wait for a disk: what is not in memory is fetched by another one.
class LiveReader {
public:
    LiveReader(const Service& service, std::unique_ptr<LiveSource> source)
        : service_(service), source_(std::move(source)) {}

    /// As `read_something`; nothing while the data is being fetched: `watch` tells when to try again.
    [[nodiscard]] std::optional<LiveSource::Read> read(std::size_t max_bytes);
    /// Calls back once when another read is worthwhile. The store's callbacks come on any thread.
    [[nodiscard]] Watch watch(std::function<void()> changed);

    /// After a read that yielded something, until the next one.
    [[nodiscard]] LiveSource& source() noexcept { return *source_; }

private:
    /// What another thread reads. Until `done` it has the source for itself, and it keeps it when the reader goes.
    struct Fetch {
        std::shared_ptr<LiveSource> source;
        std::size_t max_bytes = 0;
        std::atomic<bool> done{false};
        std::optional<LiveSource::Read> read{};
        std::exception_ptr failure{};

        void run() noexcept;
    };

    const Service& service_;
    std::shared_ptr<LiveSource> source_;
    std::size_t wanted_bytes_ = 0;  ///< of the read that found its data not in memory
    std::shared_ptr<Fetch> fetch_;
};

}  // namespace foldback::server::protocol
