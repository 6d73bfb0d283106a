#include "debugger/page.hpp"

#include "protocol/compression.hpp"
#include "server/debugger/fixture.hpp"

namespace foldback::server::debugger_test {
namespace {

TEST_CASE("the page and its files come from this server alone and cannot be misread") {
    Debugged debugged;

    for (const auto& asset : debugger::assets()) {
        const auto response = debugged.get("/debug/" + std::string(asset.name));

        CHECK(response.status == 200);
        CHECK(response.text == asset.content);
        CHECK(header(response, "content-security-policy").starts_with("default-src 'self'"));
        CHECK(header(response, "x-content-type-options") == "nosniff");
        CHECK(response.text.find("https://") == std::string::npos);
    }
    CHECK(debugged.get("/debug/").text.starts_with("<!doctype html>"));
    CHECK(debugged.get("/debug").status == 308);
    CHECK(debugged.get("/debug/../etc/passwd").status == 404);
}

TEST_CASE("before those who ask who is there, the page's files are answered and nothing else") {
    class AsksWho final : public RequestHandler {
        Reply handle(Request) override { return problem(401, "unauthorized", "This needs valid credentials."); }
        std::optional<Response> refuse_early(Method, std::string_view, std::uint64_t) const override {
            return std::nullopt;
        }
    } rest;
    const auto handler = with_debugger_page(rest);
    const auto status = [&](Method method, const std::string& target) {
        Request request;
        request.method = method;
        request.target = target;
        return std::get<Response>(handler->handle(std::move(request))).status;
    };

    CHECK(status(Method::get, "/debug/") == 200);
    CHECK(status(Method::get, "/debug") == 308);
    CHECK(status(Method::head, "/debug/app.js?x=1") == 200);
    for (const auto* other : {"/debug/api/about", "/debug/raw/", "/debug/raw/app.js", "/debug/none.js", "/app.js"})
        CHECK(status(Method::get, other) == 401);
    CHECK(status(Method::post, "/debug/") == 401);
}

TEST_CASE("a file that the browser has is not sent again") {
    Debugged debugged;
    const auto tag = header(debugged.get("/debug/app.js"), "etag");

    const auto again = debugged.send(Method::get, "/debug/app.js", {}, {{"if-none-match", tag}});

    CHECK(again.status == 304);
    CHECK(again.text.empty());
}

TEST_CASE("the whole page is smaller than 60 KB compressed") {
    Debugged debugged;
    std::size_t bytes = 0;

    for (const auto& asset : debugger::assets())
        bytes += debugged.send(Method::get, "/debug/" + std::string(asset.name), {}, {{"accept-encoding", "gzip"}})
                     .body_bytes();

    CHECK(bytes > 5'000);
    CHECK(bytes < 60'000);
}

TEST_CASE("no script of the page makes markup out of text") {
    for (const auto& asset : debugger::assets()) {
        for (const auto* way :
             {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"}) {
            INFO(asset.name);
            CHECK(asset.content.find(way) == std::string_view::npos);
        }
    }
}

TEST_CASE("without JavaScript there are plain lists, in which events are text") {
    Debugged debugged;
    append(*debugged.store, "odd/<b>",
           R"({"type":"<script>alert(1)</script>","data":{"x":"</pre><img src=x onerror=alert(1)>"}})");

    const auto list = debugged.get("/debug/raw/");
    const auto events = debugged.get("/debug/raw/odd/%3Cb%3E");

    const auto none = debugged.get("/debug/raw/odd/%3Ci%3E");
    CHECK(none.status == 404);
    CHECK(none.text.starts_with("<!doctype html>"));
    CHECK(none.text.find("no stream &#39;odd/&lt;i&gt;&#39;") != std::string::npos);
    CHECK(none.text.find("<i>") == std::string::npos);
    CHECK(list.text.find("more streams") == std::string::npos);
    CHECK(list.text.find("orders/42") != std::string::npos);
    CHECK(list.text.find("<b>") == std::string::npos);
    CHECK(events.status == 200);
    CHECK(events.text.find("&lt;script&gt;") != std::string::npos);
    CHECK(events.text.find("<script") == std::string::npos);
    CHECK(events.text.find("<img") == std::string::npos);
}

TEST_CASE("without JavaScript a long list of streams goes on on another page") {
    Debugged debugged;
    for (int i = 0; i < 501; ++i) append(*debugged.store, "many/a&b+" + std::to_string(1000 + i), R"({"type":"A"})");

    const auto list = debugged.get("/debug/raw/?prefix=many/a%26b%2B").text;
    const std::string link = "/debug/raw/?prefix=many/a%26b%2B&amp;after=many/a%26b%2B1499";
    const auto rest = debugged.get("/debug/raw/?prefix=many/a%26b%2B&after=many/a%26b%2B1499").text;

    CHECK(list.find(link) != std::string::npos);
    CHECK(list.find("many/a&amp;b+1500") == std::string::npos);
    CHECK(rest.find("many/a&amp;b+1500") != std::string::npos);
    CHECK(rest.find("more streams") == std::string::npos);
}

}  // namespace
}  // namespace foldback::server::debugger_test
