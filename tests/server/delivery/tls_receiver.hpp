#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "receiver.hpp"

namespace foldback::server {

/// A key and a certificate that it signed itself, for one name.
class Certificate {
public:
    explicit Certificate(const std::string& name) {
        X509_set_version(x509_.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(x509_.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(x509_.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(x509_.get()), 3600);
        X509_set_pubkey(x509_.get(), key_.get());
        auto* subject = X509_get_subject_name(x509_.get());
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1,
                                   0);
        X509_set_issuer_name(x509_.get(), subject);
        add_extension(NID_basic_constraints, "critical,CA:TRUE");
        add_extension(NID_subject_alt_name, "DNS:" + name);
        REQUIRE(X509_sign(x509_.get(), key_.get(), EVP_sha256()) > 0);
    }

    [[nodiscard]] X509* x509() const noexcept { return x509_.get(); }
    [[nodiscard]] EVP_PKEY* key() const noexcept { return key_.get(); }

    void save(const std::filesystem::path& file) const {
        auto* out = std::fopen(file.c_str(), "w");
        REQUIRE(out != nullptr);
        PEM_write_X509(out, x509_.get());
        std::fclose(out);
    }

private:
    void add_extension(int kind, const std::string& value) {
        auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
        REQUIRE(extension != nullptr);
        X509_add_ext(x509_.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{EVP_EC_gen("P-256"), &EVP_PKEY_free};
    std::unique_ptr<X509, decltype(&X509_free)> x509_{X509_new(), &X509_free};
};

/// A receiver of webhooks over TLS that says it is done.
class TlsReceiver {
public:
    explicit TlsReceiver(const Certificate& certificate, int newest_version = TLS1_3_VERSION)
        : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free),
          receiver_([this](int descriptor) { serve(descriptor); }) {
        SSL_CTX_use_certificate(context_.get(), certificate.x509());
        SSL_CTX_use_PrivateKey(context_.get(), certificate.key());
        SSL_CTX_set_security_level(context_.get(), 0);
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context_.get(), newest_version);
    }

    [[nodiscard]] std::string url() const { return "https://localhost:" + receiver_.url("").substr(17) + "/"; }
    /// Requests that were understood.
    [[nodiscard]] int requests() const { return requests_; }

private:
    void serve(int descriptor) {
        const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), &SSL_free);
        SSL_set_fd(tls.get(), descriptor);
        if (SSL_accept(tls.get()) != 1) return;
        std::string request(65536, '\0');
        if (SSL_read(tls.get(), request.data(), static_cast<int>(request.size())) <= 0) return;
        ++requests_;
        const auto text = reply("200 OK", R"({"done":true})");
        SSL_write(tls.get(), text.data(), static_cast<int>(text.size()));
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::atomic<int> requests_{0};
    Receiver receiver_;
};

}  // namespace foldback::server
