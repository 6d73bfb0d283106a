#include "protocol/when_read.hpp"

#include <memory>
#include <utility>

#include "protocol/problem.hpp"
#include "protocol/read_pool.hpp"

namespace foldback::server::protocol {

namespace {

class ReadLater final : public Later {
public:
    ReadLater(const Service& service, std::string key, std::function<Reply()> answer)
        : service_(service), key_(std::move(key)), job_(std::make_shared<Job>(Job{std::move(answer), {}})) {}

    void start(std::function<void()> done) override {
        // The job outlives this object when its client goes.
        auto work = [&service = service_, job = job_, done] {
            job->run(service);
            done();
        };
        if (service_.reads->run(key_, std::move(work))) return;
        job_->reply = service_.finished(too_many_reads());
        done();
    }

    Reply take() override { return std::move(job_->reply); }

private:
    struct Job {
        std::function<Reply()> answer;
        Reply reply{};  ///< published by `done`

        void run(const Service& service) {
            try {
                reply = answer();
            } catch (const std::exception& error) {
                reply = internal_error(service, error.what());
            }
            if (auto* response = std::get_if<Response>(&reply)) reply = service.finished(std::move(*response));
        }
    };

    const Service& service_;
    const std::string key_;
    std::shared_ptr<Job> job_;
};

}  // namespace

Reply when_read(const Service& service, const std::string& key, std::function<Reply()> answer) {
    try {
        const ReadMode mode(ReadMode::memory_only);
        return answer();
    } catch (const NotInMemory&) {
        return read_later(service, key, std::move(answer));
    }
}

Reply read_later(const Service& service, std::string key, std::function<Reply()> answer) {
    return std::unique_ptr<Later>(std::make_unique<ReadLater>(service, std::move(key), std::move(answer)));
}

Response too_many_reads() { return to_response(Problem(503, "busy", "Too many reads are waiting for the disk.")); }

}  // namespace foldback::server::protocol
