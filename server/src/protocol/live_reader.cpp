#include "protocol/live_reader.hpp"

#include <utility>

#include "foldback/store/read_mode.hpp"
#include "protocol/read_pool.hpp"
#include "protocol/when_read.hpp"

namespace foldback::server::protocol {

void LiveReader::Fetch::run() noexcept {
    try {
        read = read_something(*source, max_bytes);
    } catch (...) {
        failure = std::current_exception();
    }
    done.store(true, std::memory_order_release);
}

std::optional<LiveSource::Read> LiveReader::read(std::size_t max_bytes) {
    if (fetch_) {
        if (!fetch_->done.load(std::memory_order_acquire)) return std::nullopt;
        const auto fetched = std::exchange(fetch_, nullptr);
        if (fetched->failure) std::rethrow_exception(fetched->failure);
        return std::move(fetched->read);
    }
    try {
        const ReadMode mode(ReadMode::memory_only);
        return read_something(*source_, max_bytes);
    } catch (const NotInMemory&) {
        wanted_bytes_ = max_bytes;
        return std::nullopt;
    }
}

Watch LiveReader::watch(std::function<void()> changed) {
    if (wanted_bytes_ == 0) return source_->watch(std::move(changed));
    auto fetch = std::make_shared<Fetch>();
    fetch->source = source_;
    fetch->max_bytes = std::exchange(wanted_bytes_, 0);
    fetch_ = fetch;
    auto work = [fetch, changed] {
        fetch->run();
        changed();
    };
    if (!service_.reads->run(source_->name(), std::move(work))) {
        fetch->read = LiveSource::Read(boost::system::in_place_error, too_many_reads());
        fetch->done.store(true, std::memory_order_release);
        changed();
    }
    return {};
}

}  // namespace foldback::server::protocol
