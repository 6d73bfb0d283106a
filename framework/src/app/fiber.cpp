#include "app/fiber.hpp"

#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace foldback::app {
namespace {

// The sanitizers must be told of each change of stacks; without them nothing happens here.

void begin_switch([[maybe_unused]] void** left, [[maybe_unused]] const void* bottom,
                  [[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(left, bottom, bytes);
#endif
}

void end_switch([[maybe_unused]] void* left, [[maybe_unused]] const void** bottom,
                [[maybe_unused]] std::size_t* bytes) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(left, bottom, bytes);
#endif
}

std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

std::size_t in_pages(std::size_t bytes) { return (bytes + page_bytes() - 1) / page_bytes() * page_bytes(); }

}  // namespace

Fiber::Stack::Stack(std::size_t bytes)
    : mapped_(in_pages(bytes) + page_bytes()),
      memory_(::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    if (::mprotect(memory_, page_bytes(), PROT_NONE) == 0) return;
    ::munmap(memory_, mapped_);
    throw std::bad_alloc();
}

Fiber::Stack::~Stack() { ::munmap(memory_, mapped_); }

void* Fiber::Stack::bottom() const noexcept { return static_cast<std::byte*>(memory_) + page_bytes(); }
std::size_t Fiber::Stack::bytes() const noexcept { return mapped_ - page_bytes(); }

Fiber::Fiber(std::size_t stack_bytes) : stack_(stack_bytes) {
    ::getcontext(&own_);
    own_.uc_stack.ss_sp = stack_.bottom();
    own_.uc_stack.ss_size = stack_.bytes();
    own_.uc_link = nullptr;
    // makecontext passes numbers of the size of an int.
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    ::makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::enter), 2, static_cast<unsigned>(self >> 32U),
                  static_cast<unsigned>(self));
#if defined(__SANITIZE_THREAD__)
    thread_for_tsan_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(thread_for_tsan_);
#endif
}

void Fiber::begin(std::function<void()> work) {
    work_ = std::move(work);
    resume();
}

void Fiber::resume() {
    void* left = nullptr;
    exchange_exceptions();
    begin_switch(&left, stack_.bottom(), stack_.bytes());
#if defined(__SANITIZE_THREAD__)
    caller_for_tsan_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(thread_for_tsan_, 0);
#endif
    ::swapcontext(&caller_, &own_);
    end_switch(left, nullptr, nullptr);
    exchange_exceptions();
}

void Fiber::pause() {
    void* left = nullptr;
    begin_switch(&left, caller_bottom_, caller_bytes_);
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(caller_for_tsan_, 0);
#endif
    ::swapcontext(&own_, &caller_);
    end_switch(left, &caller_bottom_, &caller_bytes_);
}

void Fiber::enter(unsigned high, unsigned low) {
    auto* const self = reinterpret_cast<Fiber*>(static_cast<std::uintptr_t>(high) << 32U | low);
    end_switch(nullptr, &self->caller_bottom_, &self->caller_bytes_);
    self->work_on();
}

void Fiber::work_on() {
    while (true) {
        work_();
        work_ = nullptr;
        pause();
    }
}

void Fiber::exchange_exceptions() {
    std::array<std::byte, sizeof exceptions_> of_thread{};
    auto* const globals = abi::__cxa_get_globals();
    std::memcpy(of_thread.data(), globals, sizeof exceptions_);
    std::memcpy(globals, exceptions_.data(), sizeof exceptions_);
    exceptions_ = of_thread;
}

}  // namespace foldback::app
