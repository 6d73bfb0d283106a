#include "foldback/server/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <mutex>

#include "http/tls_session.hpp"

namespace foldback::server {

namespace {

using Context = std::shared_ptr<SSL_CTX>;

constexpr std::string_view protocol_name = "http/1.1";

[[noreturn]] void fail(const std::string& what) {
    std::array<char, 256> reason{};
    const auto code = ERR_get_error();
    if (code != 0) ERR_error_string_n(code, reason.data(), reason.size());
    ERR_clear_error();
    throw TlsError(code == 0 ? what : what + ": " + reason.data());
}

void require(bool worked, const std::string& what) {
    if (!worked) fail(what);
}

/// Of the protocols that a client offers (RFC 7301) ours, when it is among them; else it is up to the client.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
        const std::string_view name(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
        if (name != protocol_name) continue;
        *chosen = offered + at + 1;
        *size = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

int refuse_passphrase(char*, int, int, void*) { return 0; }

void ask_for_certificates(SSL_CTX* context, const std::string& file) {
    require(SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) == 1,
            "cannot read the authorities in " + file);
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(file.c_str()));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
}

Context context_of(const TlsOptions& options) {
    ERR_clear_error();
    Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    require(context != nullptr, "TLS is not to be had");
    auto* it = context.get();
    require(SSL_CTX_set_min_proto_version(it, TLS1_2_VERSION) == 1, "TLS 1.2 is not to be had");
    require(SSL_CTX_set_cipher_list(it, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1, "the ciphers are not to be had");
    SSL_CTX_set_options(it, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(it,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(it, choose_protocol, nullptr);
    SSL_CTX_set_default_passwd_cb(it, refuse_passphrase);
    SSL_CTX_set_session_id_context(it, reinterpret_cast<const unsigned char*>(protocol_name.data()),
                                   static_cast<unsigned>(protocol_name.size()));
    const auto certificate = options.certificate_file.string();
    const auto key = options.key_file.string();
    require(SSL_CTX_use_certificate_chain_file(it, certificate.c_str()) == 1,
            "cannot read the certificate " + certificate);
    require(SSL_CTX_use_PrivateKey_file(it, key.c_str(), SSL_FILETYPE_PEM) == 1, "cannot read the key " + key);
    require(SSL_CTX_check_private_key(it) == 1, "the key " + key + " is not that of " + certificate);
    if (!options.client_authorities_file.empty()) ask_for_certificates(it, options.client_authorities_file.string());
    return context;
}

}  // namespace

struct Tls::State {
    std::mutex mutex;
    Context context;
};

Tls::Tls(TlsOptions options) : options_(std::move(options)), state_(std::make_unique<State>()) {
    state_->context = context_of(options_);
}

Tls::~Tls() = default;

std::function<void()> Tls::read_again() const {
    return [state = state_.get(), context = context_of(options_)] {
        const std::scoped_lock lock(state->mutex);
        state->context = context;
    };
}

std::unique_ptr<http::TlsSession> Tls::session_of(int descriptor) const {
    Context context;
    {
        const std::scoped_lock lock(state_->mutex);
        context = state_->context;
    }
    auto* session = SSL_new(context.get());
    require(session != nullptr, "there is no room for a TLS session");
    auto result = std::make_unique<http::TlsSession>(session);
    require(SSL_set_fd(session, descriptor) == 1, "there is no room for a TLS session");
    return result;
}

}  // namespace foldback::server
