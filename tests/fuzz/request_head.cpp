// A request's framing depends on its bytes alone, not on how they arrive, and is never ambiguous.
#include "http/request_head.hpp"

#include "fuzz/fuzz.hpp"
#include "http/chunk_decoder.hpp"

namespace {

using namespace foldback::server::http;
using foldback::fuzz::require;

HeadParser::Outcome in_pieces(HeadParser& parser, std::string_view input, std::size_t piece) {
    auto outcome = HeadParser::Outcome::incomplete;
    for (std::size_t end = piece; outcome == HeadParser::Outcome::incomplete; end += piece) {
        outcome = parser.feed(input.substr(0, end));
        if (end >= input.size()) break;
    }
    return outcome;
}

void check_chunks(std::string_view input, std::size_t piece) {
    const ChunkLimits limits{.body_bytes = 10'000, .overhead_bytes = 1'000};
    ChunkDecoder whole(limits);
    std::string body;
    auto rest = input;
    const auto outcome = whole.feed(rest, body);
    require(body.size() <= limits.body_bytes, "a body is larger than its limit");

    ChunkDecoder pieces(limits);
    std::string same;
    auto again = ChunkDecoder::Outcome::incomplete;
    std::size_t left = 0;
    for (std::size_t begin = 0; begin < input.size() && again == ChunkDecoder::Outcome::incomplete; begin += piece) {
        auto part = input.substr(begin, piece);
        again = pieces.feed(part, same);
        left = input.size() - begin - std::min(piece, input.size() - begin) + part.size();
    }
    if (input.empty()) return;
    require(again == outcome, "chunks mean something else when they arrive in pieces");
    if (outcome == ChunkDecoder::Outcome::complete)
        require(same == body && left == rest.size(), "a body differs when it arrives in pieces");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto input = foldback::fuzz::text_of(data + 1, size - 1);
    const std::size_t piece = 1 + data[0] % 16;
    HeadParser whole({.request_line_bytes = 512, .header_bytes = 1024, .header_fields = 10});
    HeadParser pieces({.request_line_bytes = 512, .header_bytes = 1024, .header_fields = 10});
    const auto outcome = whole.feed(input);
    require(in_pieces(pieces, input, piece) == outcome, "a head means something else when it arrives in pieces");
    if (outcome == HeadParser::Outcome::complete) {
        const auto& framing = whole.framing();
        require(whole.size() <= input.size() && pieces.size() == whole.size(), "a head has another size in pieces");
        require(!framing.chunked || framing.content_length == 0, "a body has two lengths");
        const auto request = whole.request(input);
        require(!request.target.empty(), "a request has no target");
        require(request.target.find_first_of(std::string_view(" \t\r\n\0", 5)) == std::string::npos,
                "a target holds a blank");
        for (const auto& [name, value] : request.headers) {
            require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
                    "a header's value holds a line end");
        }
    }
    check_chunks(input, piece);
    return 0;
}
