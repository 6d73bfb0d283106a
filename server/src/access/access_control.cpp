#include "foldback/server/access.hpp"

#include <map>
#include <mutex>
#include <shared_mutex>

#include "access/key_refresher.hpp"
#include "access/policy.hpp"

namespace foldback::server {

using namespace access;

namespace {

/// JWTs that were checked a moment ago: a signature costs a hundred times what a digest does. A full one is emptied.
constexpr std::size_t max_checked = 10'000;

/// The token of `Bearer <token>`; nothing for anything else.
std::optional<std::string_view> bearer_token(std::string_view value) {
    constexpr std::string_view scheme = "bearer ";
    if (value.size() <= scheme.size()) return std::nullopt;
    for (std::size_t i = 0; i != scheme.size(); ++i) {
        const char c = value[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != scheme[i]) return std::nullopt;
    }
    const auto token = value.substr(scheme.size());
    for (const char c : token) {
        if (c <= 0x20 || c >= 0x7F) return std::nullopt;
    }
    return token;
}

/// A policy in force. A new one comes with a memory of its own.
class InForce {
public:
    explicit InForce(Policy read) : policy(std::move(read)) {}

    const Policy policy;

    [[nodiscard]] PrincipalPtr of_token(std::string_view token, Timestamp now, bool& missed) {
        if (!looks_like_jwt(token) || token.size() > max_token_bytes) return policy.of_token(token, now, missed);
        const auto digest = sha256(token);
        // The issuer may have withdrawn the key since.
        if (auto known = recall(digest); known && policy.still_says(*known)) {
            return *known->expires() > now ? known : nullptr;
        }
        auto principal = policy.of_token(token, now, missed);
        if (!principal || !principal->expires()) return principal;
        const std::unique_lock lock(mutex_);
        if (checked_.size() >= max_checked) checked_.clear();
        checked_.insert_or_assign(digest, principal);
        return principal;
    }

private:
    [[nodiscard]] PrincipalPtr recall(const Digest& digest) {
        const std::shared_lock lock(mutex_);
        const auto found = checked_.find(digest);
        return found == checked_.end() ? nullptr : found->second;
    }

    std::shared_mutex mutex_;
    std::map<Digest, PrincipalPtr> checked_;
};

}  // namespace

struct AccessControl::State {
    State(AccessOptions options, const Clock& used_clock)
        : on_trouble(std::move(options.on_trouble)), clock(used_clock), refresher(options.key_sets, on_trouble) {}

    const std::function<void(const std::string&)> on_trouble;
    const Clock& clock;
    KeyRefresher refresher;
    mutable std::mutex mutex;
    std::shared_ptr<InForce> now;

    [[nodiscard]] std::shared_ptr<InForce> in_force() const {
        const std::scoped_lock lock(mutex);
        return now;
    }

    [[nodiscard]] std::shared_ptr<InForce> read(const std::filesystem::path& file) {
        return std::make_shared<InForce>(
            Policy::read(file, [this](const KeySetUrl& from, const KeyTimes& times) { return keys_of(from, times); }));
    }

    void put_into_force(std::shared_ptr<InForce> next) {
        refresher.keep(next->policy.issuer_keys());
        const std::scoped_lock lock(mutex);
        now = std::move(next);
    }

private:
    /// Those that are there already; others are asked for once. At the start a silent issuer is for later: the server has
    /// other users, too. A file that is read again and names one who does not answer is refused.
    [[nodiscard]] std::shared_ptr<IssuerKeys> keys_of(const KeySetUrl& from, const KeyTimes& times) {
        if (!refresher.sets()) throw AccessError("jwt.jwks_url: keys are not fetched here; use \"jwks_file\"");
        if (const auto problem = refresher.sets()->problem_with(from); !problem.empty()) {
            throw AccessError("jwt.jwks_url: " + problem);
        }
        const auto before = in_force();
        if (before) {
            const auto& known = before->policy.issuer_keys();
            if (known && known->from() == from && known->times() == times) return known;
        }
        auto keys = std::make_shared<IssuerKeys>(from, times, clock);
        try {
            refresher.ask(*keys);
        } catch (const AccessError& error) {
            if (before) throw;
            if (on_trouble) on_trouble(std::string(error.what()) + "; no JWT is believed until it answers");
        }
        return keys;
    }
};

AccessControl::AccessControl(std::filesystem::path file, const Clock& clock, AccessOptions options)
    : file_(std::move(file)), clock_(clock), state_(std::make_unique<State>(std::move(options), clock)) {
    state_->put_into_force(state_->read(file_));
}

AccessControl::~AccessControl() = default;

std::function<void()> AccessControl::read_again() const {
    return [state = state_.get(), next = state_->read(file_)] { state->put_into_force(next); };
}

std::shared_ptr<const Principal> AccessControl::identify(const Request& request) const {
    const auto now = clock_.now();
    const auto in_force = state_->in_force();
    const auto& policy = in_force->policy;
    if (const auto* authorization = request.header("authorization")) {
        const auto token = bearer_token(*authorization);
        if (!token || request.count("authorization") != 1) return nullptr;
        bool missed = false;
        auto principal = in_force->of_token(*token, now, missed);
        if (missed) state_->refresher.miss(*policy.issuer_keys());
        return principal;
    }
    if (request.peer && !request.peer->certificate_names.empty()) {
        if (auto principal = policy.of_certificate(*request.peer, now)) return principal;
    }
    return policy.anonymous();
}

bool AccessControl::still_holds(const Principal& principal) const {
    const auto* granted = dynamic_cast<const GrantedPrincipal*>(&principal);
    if (granted == nullptr) return false;
    if (granted->expires() && *granted->expires() <= clock_.now()) return false;
    return state_->in_force()->policy.still_says(*granted);
}

std::optional<Timestamp> AccessControl::expiry_of(const Principal& principal) const {
    const auto* granted = dynamic_cast<const GrantedPrincipal*>(&principal);
    return granted == nullptr ? std::nullopt : granted->expires();
}

}  // namespace foldback::server
