#pragma once

namespace ib::imgctl {

/// Takes SIGINT, SIGTERM and SIGWINCH, and another where one is named, as something to poll for while it
/// lives. To be made before any other thread, since threads inherit what is blocked.
class signal_watch {
public:
  explicit signal_watch(int also = 0);
  ~signal_watch();
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;

  /// Readable (poll) while a signal waits.
  int descriptor() const { return descriptor_; }

  /// The number of a waiting signal, 0 where there is none.
  int take() const;

private:
  int also_;
  int descriptor_;
};

} // namespace ib::imgctl
