#include "projection/fold_task.hpp"

namespace foldback::projection {

bool FoldTask::look_at_state_stream() {
    if (!state_publisher_) return true;
    try {
        state_publisher_->look(*database_);
        return true;
    } catch (const std::exception& error) {
        publishing_failed_ = true;
        retry_later({.error = error.what(), .environment = true}, ++attempts_, std::nullopt);
        publish();
        return false;
    }
}

void FoldTask::publish_state() {
    // What has been applied waits for the event that fails no longer than for the next step.
    if (!state_publisher_) return;
    try {
        state_publisher_->publish(*database_, caught_up_);
    } catch (const std::exception& error) {
        state_publisher_->forget();
        publishing_failed_ = true;
        return retry_later(
            {.error = std::string("cannot publish its State stream: ") + error.what(), .environment = true},
            ++attempts_, std::nullopt);
    }
    if (std::exchange(publishing_failed_, false) && !failing_ && !stopped_) forget_failure();
}

}  // namespace foldback::projection
