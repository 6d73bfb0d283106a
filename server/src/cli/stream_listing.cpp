#include "cli/stream_listing.hpp"

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/interrupt.hpp"

namespace foldback::cli {

StreamListing::StreamListing(Transport& transport, std::string prefix)
    : transport_(transport), listing_(transport.base().listing()), prefix_(std::move(prefix)) {}

std::vector<StreamListing::Document> StreamListing::next(std::uint64_t limit) {
    throw_if_interrupted();
    const HttpRequest request{
        .target = fmt::format("{}?prefix={}&after={}&limit={}", listing_.target,
                              encode_query(listing_.prefix + prefix_), encode_query(after_), limit),
        .repeatable = true};
    const auto response = transport_.exchange(request);
    if (response.status == 404) {
        throw Failure(ExitCode::no, fmt::format("the server at {} does not list its streams", transport_.name()),
                      "Listing is an extension of Foldback; other Durable Streams servers may lack it.");
    }
    require_success(response, "the list of streams");
    const auto document = Document::parse(response.body, nullptr, false);
    const Failure malformed(ExitCode::unreachable, "the server's list of streams is malformed");
    if (!document.is_object() || !document.contains("streams") || !document["streams"].is_array()) throw malformed;
    std::vector<Document> streams;
    for (const auto& stream : document["streams"]) {
        if (!stream.is_object() || !stream.contains("stream") || !stream["stream"].is_string()) throw malformed;
        streams.push_back(stream);
        after_ = stream["stream"].get<std::string>();
        if (after_.starts_with(listing_.prefix)) streams.back()["stream"] = after_.substr(listing_.prefix.size());
    }
    complete_ = streams.empty() || document.value("complete", true);
    return streams;
}

}  // namespace foldback::cli
