#include "tools/imgctl/signals.hpp"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace ib::imgctl {
namespace {

sigset_t watched(int also) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGWINCH})
    sigaddset(&set, number);
  if (also != 0) sigaddset(&set, also);
  return set;
}

} // namespace

signal_watch::signal_watch(int also) : also_(also) {
  const auto set = watched(also_);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

signal_watch::~signal_watch() {
  if (descriptor_ >= 0) ::close(descriptor_);
  const auto set = watched(also_);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

int signal_watch::take() const {
  signalfd_siginfo info{};
  return ::read(descriptor_, &info, sizeof(info)) == sizeof(info) ? static_cast<int>(info.ssi_signo) : 0;
}

} // namespace ib::imgctl
