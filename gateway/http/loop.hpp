#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace ib::http {

/// The one thread's queue of a server, as others see it: they may post work for as long as it takes any.
/// Outlives the server in the hands of those who hold a reply or a waker.
class loop {
public:
  boost::asio::io_context& context() { return context_; }

  /// Any thread. Of no effect once closed.
  template <class Work>
  void post(Work&& work) {
    std::lock_guard held(lock_);
    if (open_) boost::asio::post(context_, std::forward<Work>(work));
  }

  /// Nothing is taken any more; what was taken is still run.
  void close() {
    std::lock_guard held(lock_);
    open_ = false;
  }

private:
  boost::asio::io_context context_{1};
  std::mutex lock_;
  bool open_ = true;
};

} // namespace ib::http
