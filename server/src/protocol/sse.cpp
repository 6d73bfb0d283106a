#include <algorithm>
#include <utility>

#include "protocol/cursor.hpp"
#include "protocol/event_text.hpp"
#include "protocol/live_reader.hpp"
#include "protocol/live_source.hpp"

namespace foldback::server::protocol {

namespace {

constexpr std::size_t event_bytes = 256 << 10;

class SseStream final : public EventStream {
public:
    SseStream(const Service& service, std::unique_ptr<LiveSource> source, LiveSource::Batch first, Waiters::Place place,
              std::optional<std::uint64_t> cursor)
        : service_(service),
          reader_(service, std::move(source)),
          unsent_(std::move(first)),
          reading_(std::move(place)),
          cursor_(next_cursor(service.clock.now(), cursor)) {}

    Response head() override;
    Step next() override;
    Watch watch(std::function<void()> changed) override { return reader_.watch(std::move(changed)); }
    std::chrono::milliseconds lifetime() const override { return service_.options.sse_lifetime; }

private:
    [[nodiscard]] Step end();
    [[nodiscard]] Step read_on();
    [[nodiscard]] Step send(const LiveSource::Batch& batch);

    const Service& service_;
    LiveReader reader_;
    std::optional<LiveSource::Batch> unsent_;  ///< read already, to learn whether the stream exists
    Waiters::Place reading_;
    std::uint64_t cursor_;
    bool finished_ = false;
};

Response SseStream::head() {
    Response response;
    response.set("content-type", "text/event-stream");
    response.set("cache-control", "no-cache");
    response.set("x-accel-buffering", "no");
    if (reader_.source().is_base64()) response.set("stream-sse-data-encoding", "base64");
    return service_.finished(std::move(response));
}

EventStream::Step SseStream::next() {
    if (finished_) return end();
    try {
        // The first control event comes in any case (PROTOCOL §8, "SSE mode").
        if (unsent_) return send(*std::exchange(unsent_, std::nullopt));
        return read_on();
    } catch (const std::exception& error) {
        static_cast<void>(internal_error(service_, error.what()));
        return end();
    }
}

EventStream::Step SseStream::end() {
    Step step;
    step.finished = finished_ = true;
    return step;
}

EventStream::Step SseStream::read_on() {
    const auto read = reader_.read(event_bytes);
    if (!read) return {};
    if (!*read) return end();
    const auto& batch = **read;
    const bool is_news = batch.has_data || batch.closed || !batch.up_to_date;
    return is_news ? send(batch) : Step{};
}

EventStream::Step SseStream::send(const LiveSource::Batch& batch) {
    Step step;
    if (batch.has_data) reader_.source().write_event(step.bytes);
    cursor_ = std::max(cursor_, next_cursor(service_.clock.now(), std::nullopt));
    write_control_event(
        step.bytes,
        {.next_offset = batch.next_offset, .cursor = cursor_, .up_to_date = batch.up_to_date, .closed = batch.closed});
    step.finished = finished_ = batch.closed;
    return step;
}

}  // namespace

Reply start_event_stream(const Service& service, std::unique_ptr<LiveSource> source, const LiveQuery& query) {
    auto first = read_something(*source, event_bytes);
    if (!first) return service.finished(std::move(first).error());
    auto place = service.waiters->take_place(source->name());
    if (!place) return service.finished(to_response(place.error()));
    return std::unique_ptr<EventStream>(
        std::make_unique<SseStream>(service, std::move(source), std::move(*first), std::move(*place), query.cursor));
}

}  // namespace foldback::server::protocol
