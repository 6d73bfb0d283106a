#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "foldback/server/key_sets.hpp"
#include "foldback/server/principal.hpp"
#include "foldback/server/request_handler.hpp"
#include "foldback/store/clock.hpp"

namespace foldback::server {

/// What is wrong with an access file, and where.
class AccessError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct AccessOptions {
    /// Gets the keys of `jwks_url`, which is refused without; see key_sets_by_https.
    std::shared_ptr<KeySets> key_sets{};
    /// Told what an operator should know: an issuer that does not answer.
    std::function<void(const std::string&)> on_trouble{};
};

/// Knows who may do what: the access file (docs/security.md) with its bearer tokens, JWT rules, certificates and grants.
/// Any thread.
class AccessControl {
public:
    /// Reads the file and those that it names, and asks once for the keys of a `jwks_url`, waiting for them. Throws
    /// AccessError, but not because an issuer does not answer. `clock` must outlive it.
    AccessControl(std::filesystem::path file, const Clock& clock, AccessOptions options = {});
    ~AccessControl();

    /// Reads the files again and returns what puts them into force. Throws AccessError, also when a `jwks_url` is new and
    /// does not answer; what is in force then stays.
    [[nodiscard]] std::function<void()> read_again() const;

    /// Who sent a request, by its Authorization header, else by the certificate of its peer, else by the grants for
    /// everybody. Nothing when the credentials are missing or do not hold.
    [[nodiscard]] std::shared_ptr<const Principal> identify(const Request& request) const;

    /// Whether one that `identify` returned still holds: not expired, and the files say of it what they said then.
    [[nodiscard]] bool still_holds(const Principal& principal) const;
    /// When it ends by itself.
    [[nodiscard]] std::optional<Timestamp> expiry_of(const Principal& principal) const;

    [[nodiscard]] const Clock& clock() const noexcept { return clock_; }

private:
    struct State;
    std::filesystem::path file_;
    const Clock& clock_;
    std::unique_ptr<State> state_;
};

/// Lets only those reach `rest` whom `control` knows; others get a 401 that says nothing about what is there. What they
/// may do is decided where the request is routed, by Request::principal. Targets that begin with `open_prefix` are let
/// through without one, for who answers there to decide (ReservedApi::is_open). Live reads end with the credentials that
/// opened them: at their expiry, and within 60 s of their end in the access file. OPTIONS is let through: a browser
/// asks without credentials. Both must outlive the result.
[[nodiscard]] std::unique_ptr<RequestHandler> with_access(const AccessControl& control, RequestHandler& rest,
                                                          std::string open_prefix = {});

}  // namespace foldback::server
