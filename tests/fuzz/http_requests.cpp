// Whole sessions of the protocol over a store in memory: whatever is asked, there is one answer, and it is never a 500.
#include <optional>

#include "foldback/server/api.hpp"
#include "foldback/store/log_store.hpp"
#include "fuzz/fuzz.hpp"
#include "http/request_head.hpp"

namespace {

using namespace foldback;
using namespace foldback::server;
using foldback::fuzz::require;

void check(const Response& response) {
    require(response.status >= 200 && response.status < 600 && response.status != 500, "the server broke");
    for (const auto& [name, value] : response.headers) {
        require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
                "a response header holds a line end");
    }
}

void answer(LogStore& store, Reply reply) {
    if (const auto* response = std::get_if<Response>(&reply)) return check(*response);
    if (auto* pending = std::get_if<Pending>(&reply)) {
        std::optional<Response> got;
        pending->start([&](Response response) { got = std::move(response); });
        while (!got && store.run_one(LogStore::Work::commit)) {
        }
        require(got.has_value(), "a write was not answered");
        return check(*got);
    }
    if (auto* poll = std::get_if<std::unique_ptr<LongPoll>>(&reply)) {
        if (auto response = (*poll)->poll()) return check(*response);
        return check((*poll)->expire());
    }
    if (auto* events = std::get_if<std::unique_ptr<EventStream>>(&reply)) {
        check((*events)->head());
        for (int steps = 0; steps < 4; ++steps) {
            const auto step = (*events)->next();
            if (step.finished || step.bytes.empty()) return;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ManualClock clock;
    LogStoreOptions options;
    options.background_threads = false;
    options.clock = &clock;
    options.segment_bytes = 1 << 20;
    const auto store = LogStore::in_memory(options);
    Api api(*store, {.max_body_bytes = 64 << 10, .read_threads = 1}, clock);

    auto input = fuzz::text_of(data, size);
    for (int requests = 0; requests < 32 && !input.empty(); ++requests) {
        http::HeadParser head({});
        if (head.feed(input) != http::HeadParser::Outcome::complete) break;
        auto request = head.request(input);
        input.remove_prefix(head.size());
        // The connection's part: chunked bodies have a target of their own (request_head).
        const auto body_bytes = std::min<std::uint64_t>(head.framing().content_length, input.size());
        request.body = input.substr(0, body_bytes);
        input.remove_prefix(body_bytes);
        if (const auto refused = api.refuse_early(request.method, request.target, body_bytes)) {
            check(*refused);
            continue;
        }
        answer(*store, api.handle(std::move(request)));
    }
    return 0;
}
