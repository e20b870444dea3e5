#include "actors/io/http_streams.hpp"

#include "actors/io/http_stream.hpp"
#include "actors/io/http_url.hpp"
#include "actors/io/log.hpp"
#include "actors/io/unique_fd.hpp"
#include "actors/io/work_queue.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <deque>
#include <optional>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace ib::io {

namespace {

/// Connections that are being made at a time; each may have a thread that looks a name up.
constexpr size_t max_opening = 256;
constexpr int longest_wait_ms = 60'000;

error stopped() { return {error_code::cancelled, "the HTTP streams have stopped", "", {}}; }

} // namespace

/// What runs on the thread. libcurl asks for sockets to be watched and says when it wants to be called: so
/// the work is in proportion to what happens, not to how many streams there are.
class stream_loop {
public:
  stream_loop();
  ~stream_loop();
  stream_loop(const stream_loop&) = delete;
  stream_loop& operator=(const stream_loop&) = delete;

  void run();
  void post(work_queue::work piece);
  void stop();
  void close() { queue_.close(); }

  // The loop's thread only.
  void open(std::unique_ptr<http_stream> stream);
  void resume(http_streams::stream_id which);
  void end(http_streams::stream_id which, const result<int>& how);

private:
  using clock = std::chrono::steady_clock;

  struct entry {
    std::unique_ptr<http_stream> stream;
    bool opening = true; ///< its connection is not made yet
  };

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*);
  static int on_timer(CURLM*, long after_ms, void* self);
  void watch(int fd, int what);
  void begin_waiting();
  void connected(http_streams::stream_id which);
  void collect_finished();
  void take_events();
  int wait_ms() const;

  CURLM* multi_;
  unique_fd poller_;
  unique_fd bell_;
  work_queue queue_;
  std::atomic<bool> stopping_{false};
  std::optional<clock::time_point> curl_wants_;
  std::unordered_map<http_streams::stream_id, entry> streams_;
  std::deque<std::unique_ptr<http_stream>> waiting_; ///< until connections may be made for them
  size_t opening_ = 0;
};

stream_loop::stream_loop()
    : poller_(::epoll_create1(EPOLL_CLOEXEC)), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  curl_global_init(CURL_GLOBAL_DEFAULT); // counted and thread-safe in libcurl 7.84 and later
  multi_ = curl_multi_init();
  if (multi_ == nullptr || !poller_ || !bell_) {
    log_error("cannot make the loop of the HTTP streams; all of them will fail");
    return;
  }
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &stream_loop::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &stream_loop::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = bell_.get();
  ::epoll_ctl(poller_.get(), EPOLL_CTL_ADD, bell_.get(), &event);
}

stream_loop::~stream_loop() { curl_multi_cleanup(multi_); }

void stream_loop::run() {
  // Signals are the main thread's business; a peer that closes while we write must not raise SIGPIPE here.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  if (multi_ == nullptr || !poller_ || !bell_) return close();
  while (!stopping_) {
    for (auto& piece : queue_.take_all())
      piece(true);
    if (curl_wants_ && clock::now() >= *curl_wants_) {
      curl_wants_.reset();
      int running = 0;
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    collect_finished();
    if (queue_.empty() && !stopping_) take_events();
  }
  while (!waiting_.empty() || !streams_.empty()) {
    for (auto& stream : std::exchange(waiting_, {}))
      stream->finish(stopped());
    while (!streams_.empty())
      end(streams_.begin()->first, stopped());
  }
  queue_.close();
}

void stream_loop::take_events() {
  std::array<epoll_event, 256> events{};
  int count = ::epoll_wait(poller_.get(), events.data(), events.size(), wait_ms());
  for (int i = 0; i < count; ++i) {
    const auto& event = events.at(static_cast<size_t>(i));
    if (event.data.fd == bell_.get()) {
      uint64_t calls = 0;
      // Nothing but an empty bell can fail here, and that is as good as a read.
      static_cast<void>(::read(bell_.get(), &calls, sizeof calls) == sizeof calls);
      continue;
    }
    int what = 0;
    if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
    int running = 0;
    curl_multi_socket_action(multi_, event.data.fd, what, &running);
  }
}

int stream_loop::wait_ms() const {
  using namespace std::chrono;
  if (!curl_wants_) return longest_wait_ms;
  auto left = ceil<milliseconds>(*curl_wants_ - clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, longest_wait_ms));
}

void stream_loop::post(work_queue::work piece) {
  queue_.push(std::move(piece));
  uint64_t one = 1;
  // A full bell rings already.
  static_cast<void>(::write(bell_.get(), &one, sizeof one) == sizeof one);
}

void stream_loop::stop() {
  stopping_ = true;
  post([](bool) {});
}

int stream_loop::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  static_cast<stream_loop*>(self)->watch(fd, what);
  return 0;
}

int stream_loop::on_timer(CURLM*, long after_ms, void* self) {
  auto& wanted = static_cast<stream_loop*>(self)->curl_wants_;
  if (after_ms < 0)
    wanted.reset();
  else
    wanted = clock::now() + std::chrono::milliseconds(after_ms);
  return 0;
}

void stream_loop::watch(int fd, int what) {
  if (what == CURL_POLL_REMOVE) {
    // Where it is closed already the kernel has forgotten it.
    ::epoll_ctl(poller_.get(), EPOLL_CTL_DEL, fd, nullptr);
    return;
  }
  epoll_event event{};
  event.data.fd = fd;
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  if (::epoll_ctl(poller_.get(), EPOLL_CTL_MOD, fd, &event) != 0)
    ::epoll_ctl(poller_.get(), EPOLL_CTL_ADD, fd, &event);
}

void stream_loop::open(std::unique_ptr<http_stream> stream) {
  waiting_.push_back(std::move(stream));
  begin_waiting();
}

void stream_loop::begin_waiting() {
  while (!waiting_.empty() && opening_ < max_opening) {
    auto stream = std::move(waiting_.front());
    waiting_.pop_front();
    auto id = stream->id();
    auto* handle = stream->prepare([this, id] { connected(id); });
    ++opening_;
    streams_[id] = {std::move(stream), true};
    if (handle == nullptr || curl_multi_add_handle(multi_, handle) != CURLM_OK)
      end(id, error{error_code::internal, "no memory for an HTTP stream", "", {}});
  }
}

void stream_loop::connected(http_streams::stream_id which) {
  auto found = streams_.find(which);
  if (found == streams_.end() || !std::exchange(found->second.opening, false)) return;
  --opening_;
  // Within a callback of libcurl no handle may be added.
  if (!waiting_.empty())
    post([this](bool alive) {
      if (alive) begin_waiting();
    });
}

void stream_loop::resume(http_streams::stream_id which) {
  if (auto found = streams_.find(which); found != streams_.end())
    curl_easy_pause(found->second.stream->handle(), CURLPAUSE_CONT);
}

void stream_loop::end(http_streams::stream_id which, const result<int>& how) {
  auto waits = std::find_if(waiting_.begin(), waiting_.end(),
                            [&](const auto& stream) { return stream->id() == which; });
  if (waits != waiting_.end()) {
    auto stream = std::move(*waits);
    waiting_.erase(waits);
    return stream->finish(how);
  }
  auto ended = streams_.extract(which);
  if (ended.empty()) return;
  if (ended.mapped().opening) --opening_;
  if (auto* handle = ended.mapped().stream->handle()) curl_multi_remove_handle(multi_, handle);
  ended.mapped().stream->finish(how);
  if (!stopping_) begin_waiting();
}

void stream_loop::collect_finished() {
  int left = 0;
  while (auto* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* which = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &which);
    auto* stream = reinterpret_cast<http_stream*>(which);
    end(stream->id(), stream->outcome(message->data.result));
  }
}

http_streams::http_streams() : loop_(std::make_shared<stream_loop>()) {
  try {
    thread_ = std::thread([loop = loop_] { loop->run(); });
  } catch (const std::system_error& e) {
    log_error("cannot start the thread of the HTTP streams; all of them will fail", {{"cause", e.what()}});
    loop_->close();
  }
}

http_streams::~http_streams() { stop(); }

http_streams::stream_id http_streams::open(http_request request, stream_listener listener) {
  auto id = ++last_id_;
  auto* loop = loop_.get(); // the queue that holds the work is a member of the loop
  loop->post([loop, id, request = std::move(request), listener = std::move(listener)](bool alive) mutable {
    if (!alive) return listener.on_end(stopped());
    if (auto origin = parse_origin(request.url); !origin) return listener.on_end(origin.error());
    loop->open(std::make_unique<http_stream>(id, std::move(request), std::move(listener)));
  });
  return id;
}

void http_streams::resume(stream_id which) {
  auto* loop = loop_.get();
  loop->post([loop, which](bool alive) {
    if (alive) loop->resume(which);
  });
}

void http_streams::close(stream_id which) {
  auto* loop = loop_.get();
  loop->post([loop, which](bool alive) {
    if (alive) loop->end(which, error{error_code::cancelled, "the stream was closed", "", {}});
  });
}

void http_streams::stop() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
}

} // namespace ib::io
