#include "protocol/compression.hpp"

#include <random>

#include <doctest/doctest.h>
#include <zlib.h>

using namespace foldback::server;
using namespace foldback::server::protocol;

namespace {

std::string inflated(const std::string& packed) {
    z_stream stream{};
    REQUIRE(inflateInit2(&stream, 15 + 32) == Z_OK);  // gzip or zlib, by its header
    std::string text(1 << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    text.resize(stream.total_out);
    inflateEnd(&stream);
    return text;
}

std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

Response response_of(std::string text) {
    Response response;
    response.set("etag", "\"1:0:1\"");
    response.text = std::move(text);
    return response;
}

}  // namespace

TEST_SUITE("compression") {
    TEST_CASE("the coding with the highest quality wins, gzip before deflate") {
        CHECK(choose_coding("gzip") == Coding::gzip);
        CHECK(choose_coding("deflate, gzip") == Coding::gzip);
        CHECK(choose_coding("br, deflate") == Coding::deflate);
        CHECK(choose_coding("gzip;q=0.5, deflate;q=0.8") == Coding::deflate);
        CHECK(choose_coding("gzip; q=1.000 ,deflate") == Coding::gzip);
        CHECK(choose_coding("gzip;q=0") == Coding::identity);
        CHECK(choose_coding("gzip;q=0, deflate;q=0.001") == Coding::deflate);
        CHECK(choose_coding("gzip;q=x") == Coding::identity);
        CHECK(choose_coding("identity, br, *") == Coding::identity);
        CHECK(choose_coding("") == Coding::identity);
        CHECK(choose_coding(",,;q=1") == Coding::identity);
    }

    TEST_CASE("a large body is compressed and its tag weakened") {
        const std::string text(5000, 'x');
        for (const auto coding : {Coding::gzip, Coding::deflate}) {
            auto response = response_of(text);
            compress(response, "text/plain", coding);

            CHECK(header(response, "content-encoding") == (coding == Coding::gzip ? "gzip" : "deflate"));
            CHECK(header(response, "vary") == "Accept-Encoding");
            CHECK(header(response, "etag") == "W/\"1:0:1\"");
            CHECK(inflated(response.text) == text);
        }
    }

    TEST_CASE("a body in pieces is compressed as one") {
        auto response = response_of("[");
        const std::string piece(3000, 'y');
        response.pieces = {{piece, nullptr}, {",", nullptr}, {piece, nullptr}, {"]", nullptr}};

        compress(response, "application/json", Coding::gzip);

        CHECK(response.pieces.empty());
        CHECK(inflated(response.text) == "[" + piece + "," + piece + "]");
    }

    TEST_CASE("what is small, packed already or random stays as it is") {
        auto small = response_of(std::string(1023, 'x'));
        compress(small, "text/plain", Coding::gzip);
        CHECK(small.headers.size() == 1);

        auto image = response_of(std::string(5000, 'x'));
        compress(image, "image/PNG; x=y", Coding::gzip);
        CHECK(image.headers.size() == 1);

        std::mt19937 random(1);
        std::string noise(5000, '\0');
        for (auto& byte : noise) byte = static_cast<char>(random());
        auto incompressible = response_of(noise);
        compress(incompressible, "application/octet-stream", Coding::gzip);
        CHECK(header(incompressible, "content-encoding").empty());
        CHECK(header(incompressible, "etag") == "\"1:0:1\"");
        CHECK(incompressible.text == noise);
    }

    TEST_CASE("who does not ask gets it plain, and caches are told that others may not") {
        auto response = response_of(std::string(5000, 'x'));

        compress(response, "text/plain", Coding::identity);

        CHECK(response.text.size() == 5000);
        CHECK(header(response, "vary") == "Accept-Encoding");
        CHECK(header(response, "etag") == "\"1:0:1\"");
    }

}  // TEST_SUITE
