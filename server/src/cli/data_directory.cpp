#include "cli/data_directory.hpp"

#include <algorithm>
#include <future>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/transport.hpp"
#include "foldback/server/api.hpp"
#include "foldback/server/debugger.hpp"
#include "foldback/version.hpp"

namespace foldback::cli {
namespace {

std::string in_lower_case(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return name;
}

server::Request to_server(const HttpRequest& request) {
    server::Request result;
    result.method = request.method == HttpMethod::head   ? server::Method::head
                    : request.method == HttpMethod::post ? server::Method::post
                                                         : server::Method::get;
    result.target = request.target;
    result.body = request.body;
    for (const auto& [name, value] : request.headers) result.headers.emplace_back(in_lower_case(name), value);
    return result;
}

HttpResponse to_client(server::Response response) {
    HttpResponse result{
        .status = response.status, .headers = std::move(response.headers), .body = std::move(response.text)};
    for (const auto& piece : response.pieces) result.body += piece.bytes;
    for (auto& [name, value] : result.headers) name = in_lower_case(name);
    return result;
}

/// Answers the requests of the reading verbs as a server over this directory would.
class DirectoryTransport final : public Transport {
public:
    explicit DirectoryTransport(const std::string& directory)
        : Transport(BaseUrl{}),
          directory_(directory),
          store_(open_store(directory)),
          api_(*store_, {}, system_clock()),
          debugger_(*store_, Registry(), {.build = fmt::format("foldback {}", version())}) {}

    [[nodiscard]] std::string name() const override { return directory_; }
    [[nodiscard]] bool is_live() const override { return false; }

    [[nodiscard]] HttpResponse exchange(const HttpRequest& request, std::chrono::milliseconds) override {
        if (server::Debugger::owns(request.target)) return to_client(debugger_.handle(to_server(request)));
        if (request.method != HttpMethod::get && request.method != HttpMethod::head)
            throw std::logic_error("only for reading");
        auto reply = api_.handle(to_server(request));
        // What is not in the page cache comes from a thread that may wait for the disk.
        if (auto* later = std::get_if<std::unique_ptr<server::Later>>(&reply)) reply = awaited(**later);
        auto* response = std::get_if<server::Response>(&reply);
        if (response == nullptr) throw std::logic_error("a plain read must be answered at once");
        return to_client(std::move(*response));
    }

    HttpResponse stream(const HttpRequest&, std::chrono::milliseconds,
                        const std::function<bool(const HttpResponse&, std::string_view)>&) override {
        throw std::logic_error("a data directory cannot be followed");
    }

private:
    static server::Reply awaited(server::Later& later) {
        std::promise<void> done;
        later.start([&] { done.set_value(); });
        done.get_future().wait();
        return later.take();
    }

    std::string directory_;
    std::unique_ptr<LogStore> store_;
    server::Api api_;
    server::Debugger debugger_;
};

}  // namespace

void require_store(const std::filesystem::path& directory) {
    std::error_code error;
    const auto holds_store = [](const std::filesystem::path& folder) {
        std::error_code unread;
        for (const auto& entry : std::filesystem::directory_iterator(folder, unread)) {
            if (entry.path().filename() == "FORMAT" || entry.path().extension() == ".segment") return true;
        }
        return false;
    };
    if (!std::filesystem::is_directory(directory, error)) {
        throw Failure(ExitCode::not_found, fmt::format("there is no data directory {}", directory.string()));
    }
    if (holds_store(directory)) return;
    (void)std::filesystem::directory_iterator(directory, error);
    const auto within = directory / "store";  // where services keep it beside their read models
    throw Failure(ExitCode::not_found,
                  error ? fmt::format("cannot read {}: {}", directory.string(), error.message())
                        : fmt::format("{} holds no store: it has neither FORMAT nor segments", directory.string()),
                  holds_store(within) ? fmt::format("There is one in {}", within.string()) : std::string());
}

std::unique_ptr<LogStore> open_store(const std::filesystem::path& directory, LogStoreOptions options) {
    require_store(directory);
    try {
        return LogStore::open(directory, std::move(options));
    } catch (const StorageError& error) {
        throw failure_of(error, directory);
    }
}

Failure failure_of(const StorageError& error, const std::filesystem::path& directory) {
    const auto path = shell_word(directory.string());
    if (dynamic_cast<const StoreLocked*>(&error) != nullptr) {
        return {ExitCode::locked, fmt::format("another process owns {}, probably a running server", directory.string()),
                fmt::format("Ask that server: leave out --data, give its address with --url. Without the lock works: "
                            "foldback verify --data {}",
                            path)};
    }
    if (const auto* damaged = dynamic_cast<const DamagedLog*>(&error)) {
        return {ExitCode::refused,
                fmt::format("the store is damaged in segment {} at byte {}: {}", damaged->segment, damaged->byte_offset,
                            error.what()),
                fmt::format("All of the damage: foldback verify --data {0}    Keep what lies before it: foldback "
                            "salvage --data {0}",
                            path)};
    }
    return {ExitCode::broken, error.what()};
}

std::unique_ptr<Transport> open_directory(const std::string& directory) {
    return std::make_unique<DirectoryTransport>(directory);
}

}  // namespace foldback::cli
