#include "http/tls_session.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>

namespace foldback::server::http {

namespace {

constexpr std::size_t record_bytes = 16 << 10;  // the most that one TLS record carries

std::string_view text_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// A name with other bytes could look like another one.
bool is_plain(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

TlsSession::~TlsSession() { SSL_free(session_); }

TlsSession::Handshake TlsSession::shake_hands() noexcept {
    ERR_clear_error();
    const int result = SSL_accept(session_);
    if (result == 1) {
        broken_ = false;
        return Handshake::done;
    }
    switch (SSL_get_error(session_, result)) {
        case SSL_ERROR_WANT_READ: return Handshake::wants_to_read;
        case SSL_ERROR_WANT_WRITE: return Handshake::wants_to_write;
        default: return Handshake::failed;
    }
}

/// What an operation that did nothing means.
std::optional<std::size_t> TlsSession::outcome_of(int result) noexcept {
    const auto error = SSL_get_error(session_, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
    broken_ = error != SSL_ERROR_ZERO_RETURN;
    return std::nullopt;
}

std::optional<std::size_t> TlsSession::receive(char* into, std::size_t size) noexcept {
    ERR_clear_error();
    std::size_t received = 0;
    const int result = SSL_read_ex(session_, into, size, &received);
    return result == 1 ? received : outcome_of(result);
}

/// Small parts leave in one record. What is not sent yet is gathered again in the same way, as OpenSSL demands.
std::optional<std::size_t> TlsSession::send(std::span<const iovec> parts) noexcept {
    std::array<char, record_bytes> gathered;
    const auto* bytes = static_cast<const char*>(parts.front().iov_base);
    auto size = std::min(parts.front().iov_len, record_bytes);
    if (size < record_bytes && parts.size() > 1) {
        size = 0;
        for (const auto& part : parts) {
            const auto taken = std::min(part.iov_len, record_bytes - size);
            std::memcpy(gathered.data() + size, part.iov_base, taken);
            size += taken;
        }
        bytes = gathered.data();
    }
    ERR_clear_error();
    std::size_t sent = 0;
    const int result = SSL_write_ex(session_, bytes, size, &sent);
    return result == 1 ? sent : outcome_of(result);
}

bool TlsSession::has_pending() const noexcept { return SSL_pending(session_) > 0; }

void TlsSession::say_goodbye() noexcept {
    if (broken_) return;
    broken_ = true;
    ERR_clear_error();
    SSL_shutdown(session_);
}

std::vector<std::string> TlsSession::peer_names() const {
    const auto* certificate = SSL_get0_peer_certificate(session_);
    if (certificate == nullptr || SSL_get_verify_result(session_) != X509_V_OK) return {};
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        GENERAL_NAMES_free);
    std::vector<std::string> result;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS && name->type != GEN_URI) continue;
        const auto text = text_of(name->d.ia5);
        if (is_plain(text)) result.push_back((name->type == GEN_DNS ? "DNS:" : "URI:") + std::string(text));
    }
    return result;
}

Timestamp TlsSession::peer_expiry() const noexcept {
    const auto* certificate = SSL_get0_peer_certificate(session_);
    std::tm time{};
    if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
    return Timestamp(std::chrono::seconds(::timegm(&time)));
}

}  // namespace foldback::server::http
