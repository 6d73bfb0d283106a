#include <utility>

#include "protocol/base64.hpp"
#include "protocol/event_text.hpp"
#include "protocol/feed_page.hpp"
#include "protocol/json_text.hpp"
#include "protocol/live_source.hpp"
#include "protocol/offset_token.hpp"

namespace foldback::server::protocol {

namespace {

class FeedSource final : public LiveSource {
public:
    FeedSource(const Service& service, const FeedQuery& query, Coding coding, std::shared_ptr<const Principal> reader)
        : service_(service), query_(query), coding_(coding), reader_(std::move(reader)), place_(query.from) {}

    Read read(std::size_t max_bytes) override;
    Response response() override;
    void write_event(std::string& out) override;
    Watch watch(std::function<void()> changed) override {
        return service_.store.watch_feed(place_, std::move(changed));
    }
    bool is_base64() const override { return false; }
    std::string name() const override { return "/feed"; }  // no stream's name begins with a slash

private:
    const Service& service_;
    const FeedQuery query_;
    const Coding coding_;
    const std::shared_ptr<const Principal> reader_;
    Position place_;
    bool began_ = false;
    FeedPage page_;
};

void append_message(std::string& out, const FeedMessage& message) {
    out.append(R"({"stream":)");
    append_json_string(out, message.stream);
    out.append(R"(,"offset":")").append(offset_token(message.offset));
    out.append(R"(","position":")").append(position_token(message.position));
    out.append(R"(","timestamp":)").append(std::to_string(message.committed_at.time_since_epoch().count()));
    if (message.framing == Framing::json) {
        out.append(R"(,"data":)").append(message.data);
    } else {
        out.append(R"(,"base64":")");
        append_base64(out, message.data);
        out.push_back('"');
    }
    out.push_back('}');
}

std::string to_json(const FeedPage& page) {
    std::size_t bytes = 2;
    for (const auto& message : page.messages) bytes += message.stream.size() + message.data.size() * 4 / 3 + 160;
    std::string json;
    json.reserve(bytes);
    json.push_back('[');
    for (const auto& message : page.messages) {
        if (&message != page.messages.data()) json.push_back(',');
        append_message(json, message);
    }
    json.push_back(']');
    return json;
}

LiveSource::Read FeedSource::read(std::size_t max_bytes) {
    const bool begins = !began_;
    if (begins) {
        // A page at the tail knows what other nodes have acknowledged.
        const auto tail = service_.store.read_feed({.from = service_.store.tail(), .max_messages = 1}).tail;
        if (query_.from_now) place_ = tail;
        if (place_ > tail) {
            return {boost::system::in_place_error,
                    to_response(bad_request("bad-offset", "The position lies beyond the end of this store."))};
        }
    }
    if (query_.from_now && query_.live == Live::none) {
        page_ = {};
        page_.next = place_;
        page_.up_to_date = true;
    } else {
        page_ = service_.store.read_feed({.from = place_,
                                          .prefix = query_.prefix,
                                          .max_bytes = max_bytes,
                                          .max_messages = query_.limit,
                                          .latest = begins});
        leave_out_hidden(page_, reader_.get());
    }
    place_ = page_.next;
    began_ = true;
    return Batch{.has_data = !page_.messages.empty(),
                 .up_to_date = page_.up_to_date,
                 .closed = false,
                 .next_offset = position_token(place_)};
}

Response FeedSource::response() {
    Response response;
    response.set("content-type", "application/json");
    response.set("cache-control", "no-store");
    response.set("stream-next-offset", position_token(page_.next));
    if (page_.up_to_date) response.set("stream-up-to-date", "true");
    response.text = to_json(page_);
    compress(response, "application/json", coding_);
    return response;
}

void FeedSource::write_event(std::string& out) {
    DataEvent event(out);
    event.text(to_json(page_));
    event.end();
    // A session may wait for long: it holds nothing of the store meanwhile.
    page_.messages = std::vector<FeedMessage>();
    page_.owners = std::vector<std::shared_ptr<const void>>();
}

}  // namespace

std::unique_ptr<LiveSource> feed_source(const Service& service, const FeedQuery& query, Coding coding,
                                        std::shared_ptr<const Principal> reader) {
    return std::make_unique<FeedSource>(service, query, coding, std::move(reader));
}

}  // namespace foldback::server::protocol
