#include <utility>

#include "protocol/cursor.hpp"
#include "protocol/live_reader.hpp"
#include "protocol/live_source.hpp"
#include "protocol/when_read.hpp"

namespace foldback::server::protocol {

namespace {

class WaitingLongPoll final : public LongPoll {
public:
    WaitingLongPoll(const Service& service, std::unique_ptr<LiveSource> source, std::optional<std::uint64_t> cursor)
        : service_(service), name_(source->name()), reader_(service, std::move(source)), cursor_(cursor) {}

    std::optional<Response> poll() override;
    Watch watch(std::function<void()> changed) override { return reader_.watch(std::move(changed)); }
    Response expire() override;
    std::chrono::milliseconds timeout() const override { return service_.options.long_poll_timeout; }

    [[nodiscard]] const std::string& name() const { return name_; }
    void sit_down(Waiters::Place place) { waiting_ = std::move(place); }

private:
    [[nodiscard]] std::optional<Response> answer();
    [[nodiscard]] Response without_data() const;
    void add_cursor(Response& response) const;

    const Service& service_;
    const std::string name_;
    LiveReader reader_;
    std::optional<std::uint64_t> cursor_;
    std::optional<LiveSource::Batch> reached_;  ///< none before the first read
    Waiters::Place waiting_;
};

std::optional<Response> WaitingLongPoll::poll() {
    try {
        auto response = answer();
        if (!response) return std::nullopt;
        return service_.finished(std::move(*response));
    } catch (const std::exception& error) {
        return service_.finished(internal_error(service_, error.what()));
    }
}

/// PROTOCOL §5.7: data at once, the end of a closed stream at once, everything else later.
std::optional<Response> WaitingLongPoll::answer() {
    auto read = reader_.read(service_.options.max_response_bytes);
    if (!read) return std::nullopt;
    if (!*read) return std::move(*read).error();
    reached_ = std::move(**read);
    if (reached_->has_data || !reached_->up_to_date) {
        auto response = reader_.source().response();
        if (!reached_->closed) add_cursor(response);
        return response;
    }
    if (reached_->closed) return without_data();
    return std::nullopt;
}

Response WaitingLongPoll::expire() {
    if (auto response = poll()) return std::move(*response);
    return service_.finished(without_data());
}

Response WaitingLongPoll::without_data() const {
    if (!reached_) return too_many_reads();  // the disk had nothing to say in all that time
    Response response;
    response.status = 204;
    response.set("stream-next-offset", reached_->next_offset);
    response.set("stream-up-to-date", "true");
    response.set("cache-control", "no-store");
    if (reached_->closed) {
        response.set("stream-closed", "true");
    } else {
        add_cursor(response);
    }
    return response;
}

void WaitingLongPoll::add_cursor(Response& response) const {
    response.set("stream-cursor", std::to_string(next_cursor(service_.clock.now(), cursor_)));
}

}  // namespace

LiveSource::Read read_something(LiveSource& source, std::size_t max_bytes) {
    constexpr int max_reads = 16;
    auto read = source.read(max_bytes);
    for (int reads = 1; reads != max_reads; ++reads) {
        if (!read || read->has_data || read->up_to_date) break;
        read = source.read(max_bytes);
    }
    return read;
}

Reply start_long_poll(const Service& service, std::unique_ptr<LiveSource> source, const LiveQuery& query) {
    auto waiting = std::make_unique<WaitingLongPoll>(service, std::move(source), query.cursor);
    if (auto response = waiting->poll()) return std::move(*response);
    auto place = service.waiters->take_place(waiting->name());
    if (!place) return service.finished(to_response(place.error()));
    waiting->sit_down(std::move(*place));
    return std::unique_ptr<LongPoll>(std::move(waiting));
}

}  // namespace foldback::server::protocol
