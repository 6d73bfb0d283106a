#include "protocol/compression.hpp"

#include <algorithm>
#include <optional>

#include <zlib.h>

#include "foldback/store/messages.hpp"

namespace foldback::server::protocol {

namespace {

constexpr std::size_t min_bytes = 1024;
constexpr int fastest = 1;
constexpr int zlib_window = 15;
constexpr int gzip_window = zlib_window + 16;

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// Thousandths of a quality value; 0 when it is malformed.
int quality(std::string_view parameters) {
    const auto begin = parameters.find("q=");
    if (begin == std::string_view::npos) return 1000;
    int value = 0;
    int weight = 1000;
    for (const char byte : trimmed(parameters.substr(begin + 2))) {
        if (byte == '.') continue;
        if (byte < '0' || byte > '9' || weight == 0) return 0;
        value += (byte - '0') * weight;
        weight /= 10;
    }
    return std::min(value, 1000);
}

bool is_compressed_by_nature(std::string_view media_type) {
    if (media_type.starts_with("image/")) return media_type != "image/svg+xml";
    if (media_type.starts_with("audio/") || media_type.starts_with("video/")) return true;
    constexpr std::string_view packed[] = {"application/gzip", "application/zip", "application/zstd", "font/woff2"};
    return std::find(std::begin(packed), std::end(packed), media_type) != std::end(packed);
}

/// One zlib stream over a body in parts.
class Deflater {
public:
    explicit Deflater(Coding coding) {
        const auto window = coding == Coding::gzip ? gzip_window : zlib_window;
        ready_ = deflateInit2(&stream_, fastest, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater() {
        if (ready_) deflateEnd(&stream_);
    }

    /// The compressed body; absent when it would not be smaller.
    std::optional<std::string> run(const Response& response) {
        if (!ready_) return std::nullopt;
        std::string out(response.body_bytes(), '\0');
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        bool fits = feed(response.text, response.pieces.empty() ? Z_FINISH : Z_NO_FLUSH);
        for (std::size_t i = 0; fits && i != response.pieces.size(); ++i) {
            fits = feed(response.pieces[i].bytes, i + 1 == response.pieces.size() ? Z_FINISH : Z_NO_FLUSH);
        }
        if (!fits) return std::nullopt;
        out.resize(out.size() - stream_.avail_out);
        return out;
    }

private:
    bool feed(std::string_view bytes, int flush) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream_.avail_in = static_cast<uInt>(bytes.size());
        const auto outcome = deflate(&stream_, flush);
        return flush == Z_FINISH ? outcome == Z_STREAM_END : stream_.avail_in == 0;
    }

    z_stream stream_{};
    bool ready_ = false;
};

void weaken_tag(Response& response) {
    for (auto& [name, value] : response.headers) {
        if (name == "etag" && !value.starts_with("W/")) value.insert(0, "W/");
    }
}

}  // namespace

Coding choose_coding(std::string_view accept_encoding) {
    auto best = Coding::identity;
    int best_quality = 0;
    while (!accept_encoding.empty()) {
        const auto element = accept_encoding.substr(0, accept_encoding.find(','));
        accept_encoding.remove_prefix(std::min(accept_encoding.size(), element.size() + 1));
        const auto semicolon = element.find(';');
        const auto name = trimmed(element.substr(0, semicolon));
        auto coding = Coding::identity;
        if (name == "gzip" || name == "x-gzip") coding = Coding::gzip;
        if (name == "deflate") coding = Coding::deflate;
        if (coding == Coding::identity) continue;
        const auto wish = semicolon == std::string_view::npos ? 1000 : quality(element.substr(semicolon + 1));
        if (wish > best_quality || (wish == best_quality && wish > 0 && coding == Coding::gzip)) {
            best = coding;
            best_quality = wish;
        }
    }
    return best;
}

void compress(Response& response, std::string_view content_type, Coding coding) {
    const auto bytes = response.body_bytes();
    if (bytes < min_bytes || is_compressed_by_nature(media_type_of(content_type))) return;
    response.set("vary", "Accept-Encoding");
    if (coding == Coding::identity) return;
    auto compressed = Deflater(coding).run(response);
    if (!compressed) return;
    response.text = std::move(*compressed);
    response.pieces.clear();
    response.set("content-encoding", coding == Coding::gzip ? "gzip" : "deflate");
    weaken_tag(response);
}

}  // namespace foldback::server::protocol
