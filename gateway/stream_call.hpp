#pragma once

#include <grpc/grpc.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <string_view>

namespace ib {

class stream_queues;
struct stream_door;

/// Whoever answers a call with a stream of messages. Told by threads of the call's queue, also while the call
/// is still being served; of a cancel perhaps at the same time as of a write.
class stream_writer {
public:
  virtual ~stream_writer() = default;
  /// The message that was last given to write() is out; false where the client cannot be reached any more.
  virtual void on_write_done(bool ok) = 0;
  /// The client has gone away; finish() is still due.
  virtual void on_cancel() = 0;
  /// Nothing follows, and the call is gone when this returns. By whoever comes to the end last.
  virtual void on_done() = 0;
};

/// The server's side of one call that is answered by a stream, on the library's core.
///
/// It owns itself: it lives until it was served, was finished and is over and nothing of it is under way, and
/// then tells its writer on_done(). finish() or write_and_finish() is due exactly once, by any thread (a
/// second one does nothing). Of these and write() none while a write is under way, but for finish() once the
/// client has gone.
class stream_call {
public:
  stream_call(const stream_call&) = delete;
  stream_call& operator=(const stream_call&) = delete;

  /// The bytes of the request; until the method that serves it has returned, as are headers.
  grpc::ByteBuffer request() const;
  /// What the client sent with the call under this name (in lower case); empty where it sent no such thing.
  std::string_view header(std::string_view name) const;

  /// Who writes; once, before anything is written.
  void set_writer(stream_writer& writer) { writer_ = &writer; }
  void write(const grpc::ByteBuffer& message);
  /// The only message of a call, or its last one.
  void write_and_finish(const grpc::ByteBuffer& message);
  void finish(const grpc::Status& status);

private:
  friend class stream_queues;
  class batch;

  /// What an operation comes back as from its completion queue.
  using news = grpc_completion_queue_functor;
  template <void (stream_call::*Happened)(bool ok)>
  struct news_of : news {
    explicit news_of(stream_call& call) : news{}, call(call) {
      functor_run = [](news* self, int ok) { (static_cast<news_of*>(self)->call.*Happened)(ok != 0); };
    }
    stream_call& call;
  };

  stream_call(stream_queues& queues, stream_door& door);
  ~stream_call();

  /// Asks the library for the next call that comes to the door; false where it takes no more. `completions`
  /// is the queue of all that happens to the call after its arrival.
  bool await(::grpc_server* server, grpc_completion_queue* arrivals, grpc_completion_queue* completions);
  void arrived(bool ok);
  void written(bool ok);
  void finished(bool ok);
  void over(bool ok);
  template <class Step>
  void guarded(Step step);
  void add_message(batch& operations, const grpc::ByteBuffer& message);
  void end(batch& operations, const grpc::Status& status);
  void start(const batch& operations, news& told);
  void end_part();
  void drop_request();
  void drop_message();

  stream_queues& queues_;
  stream_door& door_;
  stream_writer* writer_ = nullptr;
  grpc_call* call_ = nullptr;
  grpc_metadata_array headers_{};
  grpc_byte_buffer* request_ = nullptr;
  grpc_byte_buffer* message_ = nullptr; ///< on its way out
  gpr_timespec deadline_{};
  news_of<&stream_call::arrived> arrived_{*this};
  news_of<&stream_call::written> written_{*this};
  news_of<&stream_call::finished> finished_{*this};
  news_of<&stream_call::over> over_{*this};
  std::atomic<int> open_parts_{3};   ///< served, finished, over, and each write that is under way
  int cancelled_ = 0;                ///< set by the library when the call is over
  std::atomic<bool> greeted_{false}; ///< the headers of the answer are on their way
  std::atomic<bool> ending_{false};
  std::atomic<bool> gone_{false}; ///< the client, so that nothing can be sent
  bool is_served_ = false;        ///< it has come
  bool near_ = false;             ///< on the callback API's queue from its arrival to its end
};

} // namespace ib
