// Speaks the protocol of the public client conformance suite: a command as JSON in each line of the standard input, its result
// as JSON in each line of the standard output.

#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "client_conformance/adapter_errors.hpp"
#include "client_conformance/adapter_text.hpp"
#include "foldback/client/client.hpp"
#include "foldback/client/idempotent_producer.hpp"

namespace {

using namespace foldback::client;
using adapter::failure;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* default_content_type = "application/octet-stream";

/// A header or parameter that changes from request to request.
struct Dynamic {
    std::string kind;
    std::string token;
    unsigned count = 0;

    std::string next() {
        if (kind == "counter") return std::to_string(++count);
        if (kind == "timestamp") {
            const auto now = std::chrono::system_clock::now().time_since_epoch();
            return std::to_string(std::chrono::duration_cast<milliseconds>(now).count());
        }
        return token;
    }
};

/// The values of one command: made by functions, as a client's user would make them, and noted as they are sent.
struct Sent {
    json headers = json::object();
    json parameters = json::object();
};

class Adapter {
public:
    json answer(const json& command) {
        const std::string type = command.at("type");
        const auto found = commands_.find(type);
        try {
            if (found == commands_.end()) return failure(type, "NOT_SUPPORTED", "there is no command " + type);
            auto result = (this->*found->second)(command);
            result["type"] = result.value("type", type);
            if (!result.contains("success")) result["success"] = true;
            return result;
        } catch (const ClientError& error) {
            return failure(type, error.error);
        } catch (const std::invalid_argument& error) {
            return failure(type, "INVALID_ARGUMENT", adapter::in_camel_case(error.what()));
        } catch (const json::exception& error) {
            return failure(type, "PARSE_ERROR", error.what());
        }
    }

private:
    json init(const json& command) {
        url_ = command.at("serverUrl");
        return {{"clientName", "foldback"},
                {"clientVersion", "0.1.0"},
                {"features",
                 {{"batching", true},
                  {"sse", true},
                  {"longPoll", true},
                  {"auto", true},
                  {"streaming", true},
                  {"dynamicHeaders", true},
                  {"retryOptions", true},
                  {"batchItems", true},
                  {"strictZeroValidation", true}}}};
    }

    json create(const json& command) {
        CreateOptions options{.content_type = command.value("contentType", default_content_type),
                              .expires_at = command.value("expiresAt", ""),
                              .body = command.value("data", ""),
                              .closed = command.value("closed", false)};
        if (command.contains("ttlSeconds")) options.ttl = std::chrono::seconds(command.at("ttlSeconds").get<long>());
        const auto created = stream(command).create(options).value();
        types_[command.at("path")] = created.content_type;
        return {{"status", created.is_new ? 201 : 200}, {"offset", created.tail.text()}};
    }

    json connect(const json& command) {
        const auto head = stream(command).connect().value();
        types_[command.at("path")] = head.content_type;
        return {{"status", 200}, {"offset", head.tail.text()}};
    }

    json head(const json& command) {
        const auto head = stream(command).head().value();
        types_[command.at("path")] = head.content_type;
        json result{{"status", 200},
                    {"offset", head.tail.text()},
                    {"contentType", head.content_type},
                    {"streamClosed", head.closed}};
        if (head.ttl) result["ttlSeconds"] = head.ttl->count();
        if (!head.expires_at.empty()) result["expiresAt"] = head.expires_at;
        return result;
    }

    json append(const json& command) {
        const auto sent = std::make_shared<Sent>();
        AppendOptions options;
        if (command.contains("seq")) options.stream_seq = std::to_string(command.at("seq").get<long>());
        const std::string data = command.at("data");
        const auto body = command.value("binary", false) ? adapter::decode_base64(data) : data;
        const auto appended = stream(command, sent).append(body, options).value();
        json result{{"status", 200}, {"offset", appended.tail.text()}};
        note(result, *sent);
        return result;
    }

    json close(const json& command) {
        const auto target = stream(command);
        const auto closed =
            command.contains("data") ? target.close(command.at("data").get<std::string>()) : target.close();
        return {{"finalOffset", closed.value().tail.text()}, {"status", 200}};
    }

    json remove(const json& command) {
        stream(command).remove().value();
        types_.erase(command.at("path").get<std::string>());
        return {{"status", 200}};
    }

    json read(const json& command) {
        const auto sent = std::make_shared<Sent>();
        const auto timeout = milliseconds(command.value("timeoutMs", 5000));
        ReadOptions options{.live = adapter::live_of(command), .call = {.deadline = within(timeout)}};
        if (command.contains("offset")) options.from = Offset(command.at("offset").get<std::string>());
        const bool is_live = options.live != Live::off;
        if (!is_live) options.call.deadline = within(std::chrono::seconds(25));
        auto session = stream(command, sent).read(options);
        json result{{"upToDate", false}, {"streamClosed", false}};
        auto chunks = json::array();
        const auto most = command.value("maxChunks", std::size_t{100});
        const bool waits = command.value("waitForUpToDate", false);
        while (chunks.size() < most) {
            auto next = session.next();
            if (!next && next.error().code == ErrorCode::timed_out && is_live) {
                result["upToDate"] = true;  // nothing more came in time
                break;
            }
            auto batch = std::move(next).value();
            if (!batch) break;
            if (!batch->empty()) {
                chunks.push_back({{"data", adapter::data_of(*batch)}, {"offset", batch->offset.text()}});
            }
            result["upToDate"] = batch->up_to_date;
            result["streamClosed"] = batch->closed;
            if (waits && batch->up_to_date) break;
        }
        if (!is_live) adapter::join(chunks);
        result["status"] = session.status() == 0 ? 200 : session.status();
        result["chunks"] = std::move(chunks);
        result["offset"] = session.offset().text();
        note(result, *sent);
        return result;
    }

    json idempotent_append(const json& command) {
        const std::string data = command.at("data");
        auto outcome = producer(command).append_with_future(data);
        const auto appended = outcome.get().value();
        return {{"status", 200}, {"offset", appended.tail.text()}, {"duplicate", appended.is_duplicate}};
    }

    json idempotent_append_batch(const json& command) {
        auto options = producer_options(command);
        options.max_in_flight = command.value("maxInFlight", 1U);
        // Small batches, so that there are several to send at the same time; otherwise one with everything.
        if (options.max_in_flight > 1) {
            options.max_batch_bytes = 1;
        } else {
            options.linger = milliseconds(1000);
        }
        IdempotentProducer batches(typed_stream(command), command.at("producerId"), std::move(options));
        for (const std::string item : command.at("items")) batches.append(item).value();
        batches.flush({.deadline = within(std::chrono::seconds(25))}).value();
        return {{"status", 200}};
    }

    json idempotent_close(const json& command) {
        auto& closing = producer(command);
        const auto closed = command.contains("data") ? closing.close_stream(command.at("data").get<std::string>())
                                                     : closing.close_stream();
        return {{"status", 200}, {"finalOffset", closed.value().tail.text()}};
    }

    json idempotent_detach(const json& command) {
        producer(command).detach({.deadline = within(std::chrono::seconds(5))}).value();
        producers_.erase(key_of(command));
        return {{"status", 200}};
    }

    json set_dynamic_header(const json& command) {
        headers_[command.at("name")] = {.kind = command.at("valueType"), .token = command.value("initialValue", "")};
        return json::object();
    }
    json set_dynamic_param(const json& command) {
        parameters_[command.at("name")] = {.kind = command.at("valueType")};
        return json::object();
    }
    json clear_dynamic(const json& /*command*/) {
        headers_.clear();
        parameters_.clear();
        return json::object();
    }

    json validate(const json& command) {
        const auto& target = command.at("target");
        if (target.at("target") == "retry-options") {
            ClientOptions options;
            auto& retry = options.retry;
            retry.max_retries = target.value("maxRetries", retry.max_retries);
            retry.initial_delay = milliseconds(target.value("initialDelayMs", retry.initial_delay.count()));
            retry.max_delay = milliseconds(target.value("maxDelayMs", retry.max_delay.count()));
            retry.multiplier = target.value("multiplier", retry.multiplier);
            const Client client(options);
            return json::object();
        }
        auto options = producer_options(target);
        options.epoch = GivenEpoch{target.value("epoch", std::uint64_t{0})};
        options.max_batch_bytes = target.value("maxBatchBytes", options.max_batch_bytes);
        options.max_batch_items = target.value("maxBatchItems", options.max_batch_items);
        const auto stream = client_.stream(url_ + "/validate", {.content_type = default_content_type});
        const IdempotentProducer producer(stream, target.value("producerId", "producer"), std::move(options));
        return json::object();
    }

    json shutdown(const json& /*command*/) { return json::object(); }

    DurableStream stream(const json& command, const std::shared_ptr<Sent>& sent = nullptr) {
        StreamOptions options;
        const std::string path = command.at("path");
        if (const auto known = types_.find(path); known != types_.end()) options.content_type = known->second;
        const auto headers = command.value("headers", json::object());
        for (const auto& [name, value] : headers.items()) {
            options.headers.emplace_back(name, value.get<std::string>());
        }
        if (sent) {
            add_dynamic(options.headers, headers_, &Sent::headers, sent);
            add_dynamic(options.parameters, parameters_, &Sent::parameters, sent);
        }
        return client_.stream(url_ + path, std::move(options));
    }

    static void add_dynamic(NamedValues& values, std::map<std::string, Dynamic>& from, json Sent::*into,
                            const std::shared_ptr<Sent>& sent) {
        for (auto& [name, dynamic] : from) {
            values.emplace_back(name, [name = name, &dynamic = dynamic, into, sent] {
                const auto value = dynamic.next();
                (*sent.*into)[name] = value;
                return value;
            });
        }
    }

    static void note(json& result, const Sent& sent) {
        if (!sent.headers.empty()) result["headersSent"] = sent.headers;
        if (!sent.parameters.empty()) result["paramsSent"] = sent.parameters;
    }

    static ProducerOptions producer_options(const json& command) {
        ProducerOptions options{.linger = milliseconds(0), .max_in_flight = 1};
        options.on_error = [](const Undelivered& undelivered) { std::cerr << undelivered.error.message << "\n"; };
        if (!command.value("autoClaim", false)) options.epoch = GivenEpoch{command.value("epoch", std::uint64_t{0})};
        return options;
    }

    DurableStream typed_stream(const json& command) {
        const std::string path = command.at("path");
        const auto known = types_.find(path);
        return client_.stream(url_ + path, {.content_type = known == types_.end() ? "" : known->second});
    }

    static std::string key_of(const json& command) {
        return command.at("path").get<std::string>() + "|" + command.at("producerId").get<std::string>() + "|" +
               std::to_string(command.value("epoch", std::uint64_t{0}));
    }

    IdempotentProducer& producer(const json& command) {
        auto& kept = producers_[key_of(command)];
        if (!kept) {
            kept = std::make_unique<IdempotentProducer>(typed_stream(command), command.at("producerId"),
                                                        producer_options(command));
        }
        return *kept;
    }

    using Command = json (Adapter::*)(const json&);
    inline static const std::map<std::string, Command> commands_{
        {"init", &Adapter::init},
        {"create", &Adapter::create},
        {"connect", &Adapter::connect},
        {"append", &Adapter::append},
        {"read", &Adapter::read},
        {"head", &Adapter::head},
        {"delete", &Adapter::remove},
        {"close", &Adapter::close},
        {"idempotent-append", &Adapter::idempotent_append},
        {"idempotent-append-batch", &Adapter::idempotent_append_batch},
        {"idempotent-close", &Adapter::idempotent_close},
        {"idempotent-detach", &Adapter::idempotent_detach},
        {"set-dynamic-header", &Adapter::set_dynamic_header},
        {"set-dynamic-param", &Adapter::set_dynamic_param},
        {"clear-dynamic", &Adapter::clear_dynamic},
        {"validate", &Adapter::validate},
        {"shutdown", &Adapter::shutdown},
    };

    std::string url_;
    Client client_;
    std::map<std::string, std::string> types_;
    std::map<std::string, std::unique_ptr<IdempotentProducer>> producers_;
    std::map<std::string, Dynamic> headers_;
    std::map<std::string, Dynamic> parameters_;
};

}  // namespace

int main() {
    Adapter adapter;
    for (std::string line; std::getline(std::cin, line);) {
        if (line.empty()) continue;
        const auto command = json::parse(line);
        std::cout << adapter.answer(command).dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
        if (command.at("type") == "shutdown") break;
    }
    return 0;
}
