#include "foldback/server/access.hpp"

#include <map>
#include <mutex>
#include <shared_mutex>

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

    [[nodiscard]] PrincipalPtr of_token(std::string_view token, Timestamp now) {
        if (!looks_like_jwt(token) || token.size() > max_token_bytes) return policy.of_token(token, now);
        const auto digest = sha256(token);
        if (auto known = recall(digest)) return *known->expires() > now ? known : nullptr;
        auto principal = policy.of_token(token, now);
        if (!principal || !principal->expires()) return principal;
        const std::unique_lock lock(mutex_);
        if (checked_.size() >= max_checked) checked_.clear();
        checked_.emplace(digest, principal);
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
    mutable std::mutex mutex;
    std::shared_ptr<InForce> now;

    [[nodiscard]] std::shared_ptr<InForce> in_force() const {
        const std::scoped_lock lock(mutex);
        return now;
    }
};

AccessControl::AccessControl(std::filesystem::path file, const Clock& clock)
    : file_(std::move(file)), clock_(clock), state_(std::make_unique<State>()) {
    state_->now = std::make_shared<InForce>(Policy::read(file_));
}

AccessControl::~AccessControl() = default;

std::function<void()> AccessControl::read_again() const {
    auto next = std::make_shared<InForce>(Policy::read(file_));
    return [state = state_.get(), next = std::move(next)] {
        const std::scoped_lock lock(state->mutex);
        state->now = next;
    };
}

std::shared_ptr<const Principal> AccessControl::identify(const Request& request) const {
    const auto now = clock_.now();
    const auto in_force = state_->in_force();
    const auto& policy = in_force->policy;
    if (const auto* authorization = request.header("authorization")) {
        const auto token = bearer_token(*authorization);
        if (!token || request.count("authorization") != 1) return nullptr;
        return in_force->of_token(*token, now);
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
