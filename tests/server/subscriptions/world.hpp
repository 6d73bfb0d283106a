#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "foldback/store/log_store.hpp"
#include "foldback/store/partitioned_store.hpp"
#include "protocol/offset_token.hpp"
#include "subscriptions/engine.hpp"

namespace foldback::server::subscriptions {

using nlohmann::json;

/// Where the engine of a test lives: it runs what is posted when it is told to, and keeps webhooks for the test to answer.
class FakeSurroundings final : public Surroundings {
public:
    void post(std::function<void()> work) override { posted.push_back(std::move(work)); }
    void start(Attempt attempt) override { attempts.push_back(std::move(attempt)); }
    void cancel(const std::string& subscription) override { cancelled.push_back(subscription); }
    double chance() override { return 0.5; }
    void report(const std::string& what) override { reports.push_back(what); }

    std::deque<std::function<void()>> posted;
    std::vector<Attempt> attempts;
    std::vector<std::string> cancelled;
    std::vector<std::string> reports;
};

/// An answer, taken apart.
struct Answer {
    unsigned status = 0;
    json body;

    [[nodiscard]] std::string code() const { return body.contains("error") ? body["error"]["code"] : ""; }
};

/// An engine over a store in memory; time and work are the test's.
class World {
public:
    explicit World(EngineOptions given = {}, std::size_t partitions = 1) : options(std::move(given)) {
        std::vector<std::unique_ptr<MeasuredStore>> parts;
        for (std::size_t i = 0; i < partitions; ++i) {
            auto log = make_store(clock);
            logs.push_back(log.get());
            parts.push_back(std::move(log));
        }
        store = std::make_unique<PartitionedStore>(std::move(parts));
        restart();
    }
    ~World() { engine.reset(); }

    /// As after the death of the process: what was not written is forgotten.
    void restart() {
        engine.reset();
        surroundings = std::make_shared<FakeSurroundings>();
        run_logs();
        std::vector<StreamStore*> followed(logs.begin(), logs.end());
        engine = std::make_unique<Engine>(*store, clock, keys, options, surroundings, std::move(followed));
        engine->start();
        settle();
    }

    void run_logs() {
        for (auto* log : logs) log->run_until_idle();
    }

    /// Does one piece of work; false when there was none.
    bool step() {
        if (surroundings->posted.empty()) run_logs();
        if (surroundings->posted.empty()) return false;
        const auto work = std::move(surroundings->posted.front());
        surroundings->posted.pop_front();
        work();
        return true;
    }

    void settle() {
        while (step()) {
        }
    }

    void pass(std::chrono::milliseconds time) {
        clock.advance(time);
        engine->run_due();
        settle();
    }

    Answer request(Method method, const std::string& path, const json& body = nullptr, const std::string& token = {}) {
        const auto answer = send(method, path, body, token);
        settle();
        REQUIRE(answer->status != 0);
        return *answer;
    }

    /// Without waiting for the answer.
    std::shared_ptr<Answer> send(Method method, const std::string& path, const json& body = nullptr,
                                 const std::string& token = {}) {
        auto answer = std::make_shared<Answer>();
        const auto respond = [answer](const Response& response) {
            answer->status = response.status;
            answer->body = json::parse(response.text, nullptr, false);
        };
        Request request{.method = method, .headers = {{"host", "server:1"}}};
        if (!body.is_null()) request.body = body.dump();
        if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
        auto command = parse_command(request, path, LocalWebhooks::allowed);
        if (command) {
            engine->submit(std::move(*command), respond);
        } else {
            respond(rejected(command.error()));
        }
        return answer;
    }

    Answer put_webhook(const std::string& id, json more = json::object()) {
        json body{{"type", "webhook"}, {"pattern", "events/*"}, {"webhook", {{"url", "http://localhost:9/" + id}}}};
        body.update(more);
        return request(Method::put, id, body);
    }

    Answer put_pull(const std::string& id, json more = json::object()) {
        json body{{"type", "pull-wake"}, {"pattern", "events/*"}, {"wake_stream", "wake"}};
        body.update(more);
        return request(Method::put, id, body);
    }

    void create(const std::string& stream) {
        REQUIRE(store->create({.stream = stream, .config = {.content_type = "application/json"}}).has_value());
        settle();
    }

    /// Creates the stream when it is not there.
    void append(const std::string& stream, const std::string& value = "1") {
        REQUIRE(store
                    ->append({.stream = stream,
                              .messages = Messages::trusted_json(std::span(&value, 1)),
                              .content_type = "application/json",
                              .create_with = StreamConfig{.content_type = "application/json"}})
                    .has_value());
        settle();
    }

    /// Takes the only webhook that was sent.
    json take_webhook() {
        REQUIRE(surroundings->attempts.size() == 1);
        const auto attempt = std::move(surroundings->attempts.front());
        surroundings->attempts.clear();
        return json::parse(attempt.body);
    }

    void answer(const json& webhook, Outcome::Kind kind) {
        engine->attempt_ended(webhook["subscription_id"], webhook["wake_id"], {.kind = kind, .reason = "test"});
        settle();
    }

    /// The values in a JSON stream.
    json read(const std::string& stream) {
        json values = json::array();
        const auto page = store->read({.stream = stream, .max_bytes = SIZE_MAX});
        if (!page) return values;
        for (const auto& message : *page) values.push_back(json::parse(message.data));
        return values;
    }

    std::vector<json> links(const std::string& id) { return request(Method::get, id).body["streams"]; }

    /// What the subscription has acknowledged of a stream; empty when that is not linked.
    std::string acked(const std::string& id, const std::string& stream) {
        for (const auto& link : links(id)) {
            if (link["path"] == stream) return link["acked_offset"];
        }
        return {};
    }

    std::string tail(const std::string& stream) { return protocol::offset_token(store->head(stream)->tail); }

    ManualClock clock;
    EngineOptions options;
    Keys keys = Keys::generate();
    std::vector<LogStore*> logs;
    std::unique_ptr<PartitionedStore> store;  ///< over them
    std::shared_ptr<FakeSurroundings> surroundings;
    std::unique_ptr<Engine> engine;

private:
    static std::unique_ptr<LogStore> make_store(const Clock& clock) {
        LogStoreOptions options;
        options.clock = &clock;
        options.background_threads = false;
        return LogStore::in_memory(std::move(options));
    }
};

/// What a callback, an ack or a release says of a wake, with all its streams acknowledged when it is done.
inline json reference_to(const json& wake) {
    return {{"wake_id", wake["wake_id"]}, {"generation", wake["generation"]}};
}

inline json all_done(const json& wake) {
    auto body = reference_to(wake);
    body["done"] = true;
    body["acks"] = json::array();
    for (const auto& stream : wake["streams"]) {
        body["acks"].push_back({{"stream", stream["path"]}, {"offset", stream["tail_offset"]}});
    }
    return body;
}

}  // namespace foldback::server::subscriptions
