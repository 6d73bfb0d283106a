#include "protocol/store_watch.hpp"

#include <utility>

#include "protocol/problem.hpp"

namespace foldback::server::protocol {

namespace {

class StoreWatch : public LongPoll {
public:
    explicit StoreWatch(const Service& service) : service_(service) {}

    std::optional<Response> poll() override {
        try {
            if (!has_changed()) return std::nullopt;
            return answer(R"({"changed":true})");
        } catch (const std::exception& error) {
            return service_.finished(internal_error(service_, error.what()));
        }
    }
    Response expire() override {
        if (auto response = poll()) return std::move(*response);
        return answer(R"({"changed":false})");
    }
    std::chrono::milliseconds timeout() const override { return service_.options.long_poll_timeout; }

    void sit_down(Waiters::Place place) { waiting_ = std::move(place); }

protected:
    [[nodiscard]] StreamStore& store() const noexcept { return service_.store; }

private:
    [[nodiscard]] virtual bool has_changed() const = 0;

    [[nodiscard]] Response answer(const char* text) const {
        Response response;
        response.set("content-type", "application/json");
        response.set("cache-control", "no-store");
        response.text = text;
        return service_.finished(std::move(response));
    }

    const Service& service_;
    Waiters::Place waiting_;
};

class StreamWatch final : public StoreWatch {
public:
    StreamWatch(const Service& service, StreamPath stream, Offset beyond)
        : StoreWatch(service), stream_(std::move(stream)), beyond_(beyond) {}

    Watch watch(std::function<void()> changed) override { return store().watch(stream_, beyond_, std::move(changed)); }

private:
    bool has_changed() const override {
        const auto info = store().head(stream_);
        return !info || info->closed || info->tail.offset > beyond_;
    }

    const StreamPath stream_;
    const Offset beyond_;
};

class FeedWatch final : public StoreWatch {
public:
    FeedWatch(const Service& service, Position beyond) : StoreWatch(service), beyond_(beyond) {}

    Watch watch(std::function<void()> changed) override { return store().watch_feed(beyond_, std::move(changed)); }

private:
    bool has_changed() const override { return store().tail() > beyond_; }

    const Position beyond_;
};

Reply seated(const Service& service, const std::string& name, std::unique_ptr<StoreWatch> watch) {
    auto place = service.waiters->take_place(name);
    if (!place) return to_response(place.error());
    watch->sit_down(std::move(*place));
    return std::unique_ptr<LongPoll>(std::move(watch));
}

}  // namespace

Reply watch_stream(const Service& service, StreamPath stream, Offset beyond) {
    const auto name = stream.text();
    return seated(service, name, std::make_unique<StreamWatch>(service, std::move(stream), beyond));
}

Reply watch_feed(const Service& service, Position beyond) {
    return seated(service, "/feed", std::make_unique<FeedWatch>(service, beyond));
}

}  // namespace foldback::server::protocol
