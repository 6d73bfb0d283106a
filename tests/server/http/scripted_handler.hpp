#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foldback/server/request_handler.hpp"

namespace foldback::server::testing {

constexpr std::chrono::seconds patience{10};

/// A value that threads wait for; never longer than `patience`.
template <class Value>
class Awaited {
public:
    explicit Awaited(Value value = {}) : value_(std::move(value)) {}

    template <class Change>
    void change(Change change) {
        const std::scoped_lock lock(mutex_);
        change(value_);
        changed_.notify_all();  // under the lock: who waits may destroy us next
    }

    template <class Predicate>
    [[nodiscard]] bool becomes(Predicate predicate) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] { return predicate(value_); });
    }

    [[nodiscard]] Value get() const {
        const std::scoped_lock lock(mutex_);
        return value_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Value value_;
};

/// Something to watch: says when it changes, and how many watch it.
class Topic {
public:
    /// Like a store's, it calls back at once when `is_ready` already holds.
    [[nodiscard]] Watch watch(std::function<void()> changed, const std::function<bool()>& is_ready) {
        std::size_t id = 0;
        watchers_.change([&](auto& watchers) {
            id = next_id_++;
            watchers.emplace(id, changed);
        });
        if (is_ready()) changed();
        return Watch([this, id] { watchers_.change([&](auto& watchers) { watchers.erase(id); }); });
    }

    /// How often it was watched so far.
    [[nodiscard]] std::size_t watches() const { return next_id_; }

    /// Tells every watcher, on the calling thread.
    void ring() {
        for (const auto& [id, changed] : watchers_.get()) changed();
    }

    [[nodiscard]] bool is_watched_anew(std::size_t watches) {
        return watchers_.becomes([&](const auto& watchers) { return !watchers.empty() && next_id_ == watches; });
    }

    [[nodiscard]] bool is_watched_by(std::size_t count) {
        return watchers_.becomes([&](const auto& watchers) { return watchers.size() == count; });
    }

private:
    std::atomic<std::size_t> next_id_{0};
    Awaited<std::map<std::size_t, std::function<void()>>> watchers_;
};

/// A long-poll that answers once there is a message.
class MessagePoll final : public LongPoll {
public:
    MessagePoll(Topic& topic, Awaited<std::optional<std::string>>& message,
                std::chrono::milliseconds timeout = patience)
        : topic_(topic), message_(message), timeout_(timeout) {}

    std::optional<Response> poll() override {
        auto message = message_.get();
        if (!message) return std::nullopt;
        Response response;
        response.text = *message;
        return response;
    }
    Watch watch(std::function<void()> changed) override {
        return topic_.watch(std::move(changed), [this] { return message_.get().has_value(); });
    }
    Response expire() override {
        Response response;
        response.status = 204;
        return response;
    }
    std::chrono::milliseconds timeout() const override { return timeout_; }

private:
    Topic& topic_;
    Awaited<std::optional<std::string>>& message_;
    std::chrono::milliseconds timeout_;
};

/// An event stream made of functions: the next step, and whether there is one.
class ScriptedEvents final : public EventStream {
public:
    ScriptedEvents(Topic& topic, std::function<Step()> next, std::function<bool()> has_next,
                   std::chrono::milliseconds lifetime = patience)
        : topic_(topic), next_(std::move(next)), has_next_(std::move(has_next)), lifetime_(lifetime) {}

    Response head() override {
        Response response;
        response.set("content-type", "text/event-stream");
        return response;
    }
    Step next() override { return next_(); }
    Watch watch(std::function<void()> changed) override { return topic_.watch(std::move(changed), has_next_); }
    std::chrono::milliseconds lifetime() const override { return lifetime_; }

private:
    Topic& topic_;
    std::function<Step()> next_;
    std::function<bool()> has_next_;
    std::chrono::milliseconds lifetime_;
};

/// Answers each target by a function of its own; a target without one is echoed: "<target> <body>".
class ScriptedHandler final : public RequestHandler {
public:
    using Script = std::function<Reply(Request)>;

    /// Before the server starts.
    void on(std::string target, Script script) { scripts_.emplace(std::move(target), std::move(script)); }
    void refuse(std::string target, unsigned status) { refused_.emplace(std::move(target), status); }

    Reply handle(Request request) override {
        handled_.change([&](auto& targets) { targets.push_back(request.target); });
        if (const auto found = scripts_.find(request.target); found != scripts_.end()) {
            return found->second(std::move(request));
        }
        Response response;
        response.text = request.target + " " + request.body;
        return response;
    }

    std::optional<Response> refuse_early(Method, std::string_view target, std::uint64_t) const override {
        const auto found = refused_.find(target);
        if (found == refused_.end()) return std::nullopt;
        Response response;
        response.status = found->second;
        response.text = "refused early";
        return response;
    }

    /// The targets handled so far, in order.
    [[nodiscard]] std::vector<std::string> handled() const { return handled_.get(); }
    [[nodiscard]] bool handles(std::size_t count) {
        return handled_.becomes([&](const auto& targets) { return targets.size() >= count; });
    }

private:
    std::map<std::string, Script> scripts_;
    std::map<std::string, unsigned, std::less<>> refused_;
    Awaited<std::vector<std::string>> handled_;
};

}  // namespace foldback::server::testing
