#include "access/issuer_keys.hpp"

#include <condition_variable>
#include <mutex>

#include "access/key_refresher.hpp"
#include "server/access/guarded.hpp"
#include "server/access/signer.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::access;
using namespace std::chrono_literals;
using foldback::server::access::testing::Signer;

namespace {

using Json = nlohmann::json;

std::string set_of(const std::vector<Signer>& signers) {
    auto keys = Json::array();
    for (const auto& signer : signers) keys.push_back(signer.jwk());
    return Json{{"keys", keys}}.dump();
}

/// An issuer that a test plays.
class PlayedIssuer final : public KeySets {
public:
    std::string problem_with(const KeySetUrl& from) const override {
        return from.url.starts_with("https://") ? "" : "it must be https";
    }

    std::string fetch(const KeySetUrl&, std::stop_token stop) override {
        std::unique_lock lock(mutex_);
        ++questions_;
        changed_.notify_all();
        changed_.wait(lock, stop, [this] { return !hangs_; });
        if (answer_.empty()) throw std::runtime_error("it is silent");
        return answer_;
    }

    void says(std::string answer) {
        const std::scoped_lock lock(mutex_);
        answer_ = std::move(answer);
    }
    void hang() {
        const std::scoped_lock lock(mutex_);
        hangs_ = true;
    }
    [[nodiscard]] int questions() const {
        const std::scoped_lock lock(mutex_);
        return questions_;
    }
    void await_questions(int count) {
        std::unique_lock lock(mutex_);
        REQUIRE(changed_.wait_for(lock, 20s, [&] { return questions_ >= count; }));
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::string answer_;
    bool hangs_ = false;
    int questions_ = 0;
};

/// An access file that names an issuer's URL, and what it lets through.
struct Trusting {
    void write(const std::string& more = {}) const {
        std::ofstream(folder.path() / "access.json")
            << R"({"jwt":{"issuer":"i","audience":"a","jwks_url":"https://id.example/keys",)" + more +
                   R"("grants":[{"path":"**","verbs":["read"]}]}})";
    }
    void begin() {
        write();
        control.emplace(folder.path() / "access.json", clock,
                        AccessOptions{.key_sets = issuer, .on_trouble = [this](const std::string& what) {
                                          const std::scoped_lock lock(mutex);
                                          troubles.push_back(what);
                                      }});
    }

    [[nodiscard]] std::string token_of(const Signer& signer) const {
        const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch()).count();
        return signer.token(Json{{"iss", "i"}, {"aud", "a"}, {"sub", "ann"}, {"exp", now + 100'000}});
    }
    [[nodiscard]] std::shared_ptr<const Principal> who(const std::string& token) const {
        Request request;
        request.headers = {bearer(token)};
        return control->identify(request);
    }
    /// Asks until there is an answer of this kind.
    void await(const std::string& token, bool wanted) const {
        const auto until = std::chrono::steady_clock::now() + 20s;
        while ((who(token) != nullptr) != wanted) {
            REQUIRE(std::chrono::steady_clock::now() < until);
            std::this_thread::yield();
        }
    }

    ManualClock clock;
    test::TemporaryDirectory folder;
    std::shared_ptr<PlayedIssuer> issuer = std::make_shared<PlayedIssuer>();
    std::mutex mutex;
    std::vector<std::string> troubles;
    std::optional<AccessControl> control;
};

}  // namespace

TEST_CASE("an issuer is asked again when its keys are old, and sooner, but rarely, for a key that is not known") {
    ManualClock clock;
    IssuerKeys keys({.url = "https://id.example"}, {}, clock);
    const auto answer = set_of({Signer::ed25519("one")});
    CHECK(keys.now() == nullptr);
    CHECK(keys.until_due() == 0ms);

    keys.answered(answer);
    CHECK(keys.now()->size() == 1);
    CHECK(keys.until_due() == 5min);
    clock.advance(4min);
    CHECK(keys.until_due() == 1min);
    CHECK(keys.miss());
    CHECK(keys.until_due() == 0ms);
    keys.answered(answer);
    for (int i = 0; i < 59; ++i) {
        clock.advance(1s);
        CHECK_FALSE(keys.miss());
    }
    CHECK(keys.until_due() == 5min - 59s);
    clock.advance(1s);
    CHECK(keys.miss());
}

TEST_CASE("while an issuer is silent its keys hold for a day and no longer") {
    ManualClock clock;
    IssuerKeys keys({.url = "https://id.example"}, {}, clock);
    keys.answered(set_of({Signer::ed25519("one")}));

    for (const auto* bad : {"", "{", "[]", R"({"keys":[]})", "<html>"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(keys.answered(bad), AccessError);
    }
    keys.gave_no_answer();
    CHECK(keys.until_due() == 30s);
    clock.advance(24h - 1ms);
    CHECK(keys.now() != nullptr);
    clock.advance(1ms);
    CHECK(keys.now() == nullptr);
    keys.answered(set_of({Signer::ed25519("two")}));
    CHECK(keys.now()->front().kid() == "two");
}

TEST_CASE(
    "tokens are believed by the keys that their issuer's URL has, through a rotation and for as long as those hold") {
    Trusting trusting;
    const auto first = Signer::ed25519("first");
    const auto second = Signer::p256("second");
    trusting.issuer->says(set_of({first}));
    trusting.begin();
    const auto old_token = trusting.token_of(first);
    const auto new_token = trusting.token_of(second);

    const auto ann = trusting.who(old_token);
    REQUIRE(ann != nullptr);
    CHECK(ann->id() == "jwt:ann");
    CHECK(trusting.issuer->questions() == 1);

    trusting.issuer->says(set_of({first, second}));
    CHECK(trusting.who(new_token) == nullptr);  // it leads to the question that finds the key
    trusting.await(new_token, true);
    CHECK(trusting.issuer->questions() == 2);
    CHECK(trusting.control->still_holds(*ann));

    trusting.issuer->says(set_of({second}));
    const auto stranger = trusting.token_of(Signer::ed25519("stranger"));
    for (int i = 0; i < 1'000; ++i) CHECK(trusting.who(stranger) == nullptr);
    CHECK(trusting.issuer->questions() == 2);
    trusting.clock.advance(1min);
    CHECK(trusting.who(stranger) == nullptr);
    trusting.await(old_token, false);  // though it was believed a moment ago
    CHECK_FALSE(trusting.control->still_holds(*ann));
    CHECK(trusting.issuer->questions() == 3);

    trusting.clock.advance(24h - 1min);
    CHECK(trusting.who(new_token) != nullptr);
    trusting.clock.advance(1min);
    CHECK(trusting.who(new_token) == nullptr);
}

TEST_CASE("a server starts although its issuer is silent, and believes its tokens when it answers") {
    Trusting trusting;
    const auto signer = Signer::ed25519("k");
    trusting.begin();
    const auto token = trusting.token_of(signer);

    REQUIRE(trusting.troubles.size() == 1);
    CHECK(trusting.troubles[0] ==
          "no keys from https://id.example/keys: it is silent; no JWT is believed until it answers");
    CHECK(trusting.who(token) == nullptr);
    trusting.issuer->await_questions(2);  // that token was reason to ask
    trusting.issuer->says(set_of({signer}));
    trusting.clock.advance(1min);
    trusting.await(token, true);
}

TEST_CASE("a question that hangs is cut off when the server ends, and holds up nobody meanwhile") {
    Trusting trusting;
    const auto signer = Signer::ed25519("k");
    trusting.issuer->says(set_of({signer}));
    trusting.begin();
    trusting.issuer->hang();
    CHECK(trusting.who(trusting.token_of(Signer::ed25519("other"))) == nullptr);
    trusting.issuer->await_questions(2);

    CHECK(trusting.who(trusting.token_of(signer)) != nullptr);
    trusting.control.reset();
    CHECK(trusting.troubles.empty());
}

TEST_CASE("reading the access file again keeps the keys of an issuer, and a new one must answer") {
    Trusting trusting;
    const auto signer = Signer::ed25519("k");
    trusting.issuer->says(set_of({signer}));
    trusting.begin();
    const auto token = trusting.token_of(signer);
    trusting.issuer->says("");

    trusting.control->read_again()();
    CHECK(trusting.who(token) != nullptr);
    CHECK(trusting.issuer->questions() == 1);
    trusting.write(R"("jwks_refresh_seconds":60,)");
    CHECK_THROWS_AS(trusting.control->read_again()(), AccessError);
    CHECK(trusting.who(token) != nullptr);
}

TEST_CASE("what an access file may not say of a URL for keys") {
    const auto problem = [](const std::string& keys, const AccessOptions& options) {
        test::TemporaryDirectory folder;
        const auto file = folder.path() / "access.json";
        std::ofstream(file) << R"({"jwt":{"issuer":"i","audience":"a",)" + keys +
                                   R"("grants":[{"path":"**","verbs":["read"]}]}})";
        try {
            const AccessControl control(file, system_clock(), options);
        } catch (const AccessError& error) {
            return std::string(error.what()).substr(file.string().size() + 2);
        }
        return std::string("none");
    };
    const AccessOptions with_issuer{.key_sets = std::make_shared<PlayedIssuer>(), .on_trouble = {}};

    CHECK(problem(R"("jwks_url":"https://id.example",)", with_issuer) == "none");
    CHECK(problem(R"("jwks_url":"https://id.example",)", {}) ==
          "jwt.jwks_url: keys are not fetched here; use \"jwks_file\"");
    CHECK(problem(R"("jwks_url":"http://id.example",)", with_issuer) == "jwt.jwks_url: it must be https");
    CHECK(problem(R"("jwks_url":"https://id.example","jwks_file":"k",)", with_issuer).starts_with("jwt: needs one of"));
    CHECK(problem("", with_issuer).starts_with("jwt: needs one of"));
    CHECK(problem(R"("hs256_secret_file":"s","jwks_keep_seconds":60,)", with_issuer) ==
          "jwt.jwks_keep_seconds: is for \"jwks_url\" only");
    CHECK(problem(R"("jwks_url":"https://id.example","jwks_refresh_seconds":120,"jwks_keep_seconds":119,)",
                  with_issuer) == "jwt.jwks_keep_seconds: must not be less than jwks_refresh_seconds");
    for (const auto* seconds : {"59", "86401", "-1", "60.5", "\"60\"", "1e30"}) {
        CAPTURE(seconds);
        CHECK(problem(R"("jwks_url":"https://id.example","jwks_refresh_seconds":)" + std::string(seconds) + ",",
                      with_issuer) == "jwt.jwks_refresh_seconds: must be a whole number from 60 to 86400");
    }
}
