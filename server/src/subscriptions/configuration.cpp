#include "subscriptions/configuration.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "foldback/core/codec.hpp"
#include "foldback/store/types.hpp"
#include "protocol/reserved.hpp"
#include "subscriptions/json_body.hpp"
#include "subscriptions/secrets.hpp"

namespace foldback::server::subscriptions {

namespace {

constexpr std::uint64_t min_lease_ms = 1'000;
constexpr std::uint64_t max_lease_ms = 600'000;
constexpr std::size_t max_description_bytes = 4'096;

Checked<std::optional<std::string>> parse_optional_path(const JsonBody& body, const char* name) {
    const auto text = body.text(name);
    if (!text) return text.error();
    if (!*text || (*text)->empty()) return std::optional<std::string>();
    auto path = parse_path(**text);
    if (!path) return path.error();
    return std::optional(std::move(*path));
}

Checked<std::string> parse_webhook(const JsonBody& body, LocalWebhooks local) {
    const auto url = body.text_within("webhook", "url");
    if (!url) return url.error();
    if (!*url || (*url)->empty()) return reject(code::invalid_request, "A webhook subscription needs webhook.url.");
    if (const auto parsed = parse_webhook_url(**url, local); !parsed) return parsed.error();
    return std::string(**url);
}

Checked<Delivery> parse_type(const JsonBody& body) {
    const auto type = body.text("type");
    if (!type) return type.error();
    for (const auto delivery : {Delivery::webhook, Delivery::pull_wake}) {
        if (*type && **type == name_of(delivery)) return delivery;
    }
    return reject(code::invalid_request, "The member type must be webhook or pull-wake.");
}

}  // namespace

std::string_view name_of(Delivery delivery) noexcept {
    switch (delivery) {
        case Delivery::webhook: return "webhook";
        case Delivery::pull_wake: return "pull-wake";
    }
    return {};
}

Checked<std::string> parse_path(std::string_view text) {
    while (text.starts_with('/')) text.remove_prefix(1);
    while (text.ends_with('/')) text.remove_suffix(1);
    if (const auto problem = StreamPath::problem_with(text); !problem.empty()) {
        return reject(code::invalid_request, "A stream's path is refused: {}.", problem);
    }
    if (protocol::is_reserved(text)) {
        return reject(code::invalid_request, "Paths that begin with __ds are reserved.");
    }
    return std::string(text);
}

Checked<Configuration> parse_configuration(std::string_view text, LocalWebhooks local) {
    const auto body = JsonBody::parse(text);
    if (!body) return body.error();
    Configuration configuration;
    const auto type = parse_type(*body);
    if (!type) return type.error();
    configuration.type = *type;

    auto pattern = parse_optional_path(*body, "pattern");
    if (!pattern) return pattern.error();
    configuration.pattern = std::move(*pattern);
    auto streams = body->paths("streams");
    if (!streams) return streams.error();
    configuration.streams = std::move(*streams);
    if (!configuration.pattern && configuration.streams.empty()) {
        return reject(code::invalid_request, "A subscription needs a pattern or streams.");
    }

    if (configuration.type == Delivery::webhook) {
        auto url = parse_webhook(*body, local);
        if (!url) return url.error();
        configuration.webhook_url = std::move(*url);
    } else {
        auto wake_stream = parse_optional_path(*body, "wake_stream");
        if (!wake_stream) return wake_stream.error();
        if (!*wake_stream) return reject(code::invalid_request, "A pull-wake subscription needs a wake_stream.");
        configuration.wake_stream = std::move(*wake_stream);
    }

    const auto lease = body->number("lease_ttl_ms");
    if (!lease) return lease.error();
    configuration.lease_ttl_ms = lease->value_or(configuration.lease_ttl_ms);
    if (configuration.lease_ttl_ms < min_lease_ms || configuration.lease_ttl_ms > max_lease_ms) {
        return reject(code::invalid_request, "The member lease_ttl_ms must be from 1000 to 600000.");
    }
    auto description = body->text("description");
    if (!description) return description.error();
    if (*description && (*description)->size() > max_description_bytes) {
        return reject(code::invalid_request, "The description is longer than {} bytes.", max_description_bytes);
    }
    configuration.description = std::move(*description);
    return configuration;
}

std::string hash_of(const Configuration& configuration) {
    std::string text;
    JsonWriter writer(text);
    write_json(writer, configuration);
    return sha256_hex(text);
}

}  // namespace foldback::server::subscriptions
