#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "foldback/server/api.hpp"
#include "foldback/store/log_store.hpp"

namespace foldback::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A header of a response; empty when it is absent.
inline std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

inline bool has_header(const Response& response, std::string_view name) {
    for (const auto& field : response.headers) {
        if (field.first == name) return true;
    }
    return false;
}

inline std::string body(const Response& response) {
    auto text = response.text;
    for (const auto& piece : response.pieces) text.append(piece.bytes);
    return text;
}

/// The HTTP surface over a store in memory whose time and work the test controls.
class Surface {
public:
    explicit Surface(ApiOptions options = {}) : store(make_store(clock)), api(*store, std::move(options), clock) {
        api.on_error = [this](const std::string& what) { errors.push_back(what); };
    }

    Reply reply(Method method, std::string target, Headers headers = {}, std::string body = {}) {
        Request request;
        request.method = method;
        request.target = std::move(target);
        request.headers = std::move(headers);
        request.body = std::move(body);
        return api.handle(std::move(request));
    }

    /// The response to a request that is answered at once or by a write.
    Response call(Method method, std::string target, Headers headers = {}, std::string body = {}) {
        auto given = reply(method, std::move(target), std::move(headers), std::move(body));
        if (auto* response = std::get_if<Response>(&given)) return std::move(*response);
        auto* pending = std::get_if<Pending>(&given);
        REQUIRE(pending != nullptr);
        return finish(*pending);
    }

    Response finish(Pending& pending) {
        auto answered = std::make_shared<std::promise<Response>>();
        auto answer = answered->get_future();
        pending.start([answered](Response response) { answered->set_value(std::move(response)); });
        store->run_until_idle();
        return answer.get();
    }

    Response get(std::string target, Headers headers = {}) {
        return call(Method::get, std::move(target), std::move(headers));
    }
    Response put(std::string target, std::string type, std::string body = {}, Headers headers = {}) {
        headers.emplace_back("content-type", std::move(type));
        return call(Method::put, std::move(target), std::move(headers), std::move(body));
    }
    Response post(std::string target, std::string type, std::string body, Headers headers = {}) {
        headers.emplace_back("content-type", std::move(type));
        return call(Method::post, std::move(target), std::move(headers), std::move(body));
    }
    Response close(std::string target, Headers headers = {}) {
        headers.emplace_back("stream-closed", "true");
        return call(Method::post, std::move(target), std::move(headers));
    }

    std::unique_ptr<LongPoll> long_poll(std::string target) {
        auto given = reply(Method::get, std::move(target));
        auto* waiting = std::get_if<std::unique_ptr<LongPoll>>(&given);
        REQUIRE(waiting != nullptr);
        return std::move(*waiting);
    }

    std::unique_ptr<EventStream> event_stream(std::string target) {
        auto given = reply(Method::get, std::move(target));
        auto* events = std::get_if<std::unique_ptr<EventStream>>(&given);
        REQUIRE(events != nullptr);
        return std::move(*events);
    }

    ManualClock clock;
    std::unique_ptr<LogStore> store;
    Api api;
    std::vector<std::string> errors;

private:
    static std::unique_ptr<LogStore> make_store(const Clock& clock) {
        LogStoreOptions options;
        options.clock = &clock;
        options.background_threads = false;
        return LogStore::in_memory(std::move(options));
    }
};

}  // namespace foldback::server
