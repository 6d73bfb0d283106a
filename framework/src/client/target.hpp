#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "client/url.hpp"
#include "foldback/client/durable_stream.hpp"

namespace foldback::client::detail {

/// What the handles of one stream share.
class Target {
public:
    Target(std::shared_ptr<Runtime> runtime_, Url url_, StreamOptions options_)
        : runtime(std::move(runtime_)),
          url(std::move(url_)),
          text(url.text()),
          options(std::move(options_)),
          content_type_(options.content_type) {}

    const std::shared_ptr<Runtime> runtime;
    const Url url;
    const std::string text;
    const StreamOptions options;

    /// As it is known so far; empty when it is not.
    [[nodiscard]] std::string content_type() const {
        const std::scoped_lock lock(mutex_);
        return content_type_;
    }
    void learn_content_type(std::string_view type) {
        const std::scoped_lock lock(mutex_);
        content_type_ = type;
    }

private:
    mutable std::mutex mutex_;
    std::string content_type_;
};

}  // namespace foldback::client::detail
