// Whatever is asked of subscriptions is understood in one way or refused, and both ways of matching a pattern agree.
#include <algorithm>
#include <string>

#include "foldback/store/types.hpp"
#include "fuzz/fuzz.hpp"
#include "subscriptions/configuration.hpp"
#include "subscriptions/glob.hpp"
#include "subscriptions/json_body.hpp"
#include "subscriptions/pattern_index.hpp"
#include "subscriptions/secrets.hpp"
#include "subscriptions/token.hpp"
#include "subscriptions/webhook_url.hpp"

namespace {

using namespace foldback;
using namespace foldback::server::subscriptions;
using foldback::fuzz::require;

void check_configuration(std::string_view text) {
    const auto read = parse_configuration(text, LocalWebhooks::refused);
    if (!read) return;
    require(read->pattern || !read->streams.empty(), "a subscription concerns nothing");
    require(std::is_sorted(read->streams.begin(), read->streams.end()), "streams are not sorted");
    require(std::adjacent_find(read->streams.begin(), read->streams.end()) == read->streams.end(),
            "a stream is named twice");
    for (const auto& stream : read->streams) require(StreamPath::problem_with(stream).empty(), "a stream is no path");
    require(hash_of(*read) == hash_of(*parse_configuration(text, LocalWebhooks::refused)), "one text has two hashes");
    if (read->webhook_url) {
        const auto url = parse_webhook_url(*read->webhook_url, LocalWebhooks::refused);
        require(url && url->tls && !url->is_local, "a webhook goes to where it must not");
    }
}

void check_body(std::string_view text) {
    const auto body = JsonBody::parse(text);
    if (!body) return;
    for (const char* name : {"worker", "wake_id", "type"}) static_cast<void>(body->text(name));
    static_cast<void>(body->text_within("webhook", "url"));
    static_cast<void>(body->number("generation"));
    static_cast<void>(body->flag("done"));
    static_cast<void>(body->acks());
    if (const auto paths = body->paths("streams")) {
        for (const auto& path : *paths) require(StreamPath::problem_with(path).empty(), "a stream is no path");
    }
}

/// `<pattern> LF <path>`
void check_glob(std::string_view text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return;
    const auto pattern = text.substr(0, end);
    const auto path = text.substr(end + 1);
    if (!StreamPath::problem_with(pattern).empty() || !StreamPath::problem_with(path).empty()) return;
    const bool matches = glob_matches(pattern, path);
    require(!matches || path.starts_with(literal_prefix(pattern)),
            "a path matches that does not begin as the pattern does");
    PatternIndex index;
    index.add_pattern(pattern, "s");
    require(index.match(path).size() == (matches ? 1U : 0U), "a pattern matches in one way and not in the other");
    index.remove_pattern(pattern, "s");
    require(index.match(path).empty(), "a pattern that was removed matches");
}

void check_url(std::string_view text) {
    const auto url = parse_webhook_url(text, LocalWebhooks::refused);
    if (!url) return;
    require(!url->host.empty() && !url->is_local, "a webhook goes to where it must not");
    require(url->target.starts_with('/'), "a target is no path");
    require((url->authority + url->target).find_first_of(std::string_view("\r\n\0 ", 4)) == std::string::npos,
            "a URL forges a header");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto key = random_secret();
    const auto text = foldback::fuzz::text_of(data, size);
    check_configuration(text);
    check_body(text);
    check_glob(text);
    check_url(text);
    require(!check_token(key, text, "s", Timestamp{}), "a token is believed that nobody issued");
    return 0;
}
