#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/http_message.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>

namespace ib::io {

class stream_loop;

/// What a response tells while it comes; called on the thread of the streams, which must not be blocked.
struct stream_listener {
  /// Bytes of the body of a response with status 200. False: not now, they come again after resume().
  std::function<bool(std::string_view)> on_body;
  /// The last call, exactly once: the status, of a response that has come to its end or is not 200; else why
  /// it did not, with the codes of http_client::send.
  std::function<void(result<int>)> on_end;
};

/// GET requests whose responses are followed as they come, over hours, some ten thousand at a time: one
/// thread, a connection for each. Redirects are not followed: they are statuses.
class http_streams {
public:
  using stream_id = uint64_t;

  http_streams();
  ~http_streams();
  http_streams(const http_streams&) = delete;
  http_streams& operator=(const http_streams&) = delete;

  /// Any thread. Of the request, `total_timeout` bounds the whole response; its body's limit, its method and
  /// its signature are not looked at.
  stream_id open(http_request request, stream_listener listener);
  /// Any thread; nothing where the stream has ended.
  void resume(stream_id which);
  /// Any thread. Ends a stream, which is told `cancelled`; nothing where it has ended.
  void close(stream_id which);
  /// Ends all streams and the thread; what is opened later ends at once. Idempotent; not to be called on the
  /// thread of the streams.
  void stop();

private:
  std::shared_ptr<stream_loop> loop_;
  std::atomic<stream_id> last_id_{0};
  std::thread thread_;
};

} // namespace ib::io
