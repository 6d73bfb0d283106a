#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>

namespace foldback::server {

namespace http {
class TlsSession;
}

/// What is wrong with certificates or keys.
class TlsError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct TlsOptions {
    /// PEM: the server's certificate, then those that lead to its authority.
    std::filesystem::path certificate_file;
    /// PEM, without a passphrase.
    std::filesystem::path key_file;
    /// PEM: the authorities whose certificates clients may show (Peer::certificate_names). Empty: none is asked for.
    std::filesystem::path client_authorities_file{};
};

/// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption. Any thread.
class Tls {
public:
    /// Reads the files. Throws TlsError.
    explicit Tls(TlsOptions options);
    ~Tls();

    /// Reads the files again and returns what puts them into force for new connections. Throws TlsError; nothing
    /// changes then.
    [[nodiscard]] std::function<void()> read_again() const;

    /// For the server: the session of a connection that was accepted. Throws TlsError.
    [[nodiscard]] std::unique_ptr<http::TlsSession> session_of(int descriptor) const;

private:
    struct State;
    TlsOptions options_;
    std::unique_ptr<State> state_;
};

}  // namespace foldback::server
