/* What a command of a Dockerfile reaches: one line "REACH name yes|no" each. Static, for an image of nothing else.
 *
 *   reach STATE-FOLDER PORT-OF-THE-SERVICE
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void say(const char* what, int reached) {
  printf("REACH %s %s\n", what, reached ? "yes" : "no");
  fflush(stdout);
}

static int connects(const char* host, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &address.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  return fd >= 0 && connect(fd, (struct sockaddr*)&address, sizeof address) == 0;
}

static int opens(const char* path, int flags) { return open(path, flags | O_CLOEXEC, 0600) >= 0; }

/* The id of a process of the service that is seen here, 0 where there is none. */
static int service(void) {
  DIR* processes = opendir("/proc");
  for (struct dirent* entry; processes != NULL && (entry = readdir(processes)) != NULL;) {
    char path[300], name[64] = "";
    if (!isdigit(entry->d_name[0])) continue;
    snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
    FILE* file = fopen(path, "r");
    if (file == NULL) continue;
    int is = fgets(name, sizeof name, file) != NULL && strcmp(name, "image-builder\n") == 0;
    fclose(file);
    if (is) return atoi(entry->d_name);
  }
  return 0;
}

/* Out of a changed root, as any process may that can change its root once more. */
static void leave_root(void) {
  int top = open("/", O_RDONLY | O_DIRECTORY);
  if (mkdir("/below", 0700) != 0 || chroot("/below") != 0 || fchdir(top) != 0) return;
  for (int i = 0; i < 64; ++i)
    if (chdir("..") != 0) return;
  if (chroot(".") != 0) return;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  char journal[4096];
  snprintf(journal, sizeof journal, "%s/journal", argv[1]);
  int pid = service();
  /* The second is how slirp4netns leads to the loopback device of the machine, where it is let. */
  say("loopback", connects("127.0.0.1", atoi(argv[2])) || connects("10.0.2.2", atoi(argv[2])));
  say("processes", pid != 0);
  say("device", mknod("/device", S_IFCHR | 0600, makedev(1, 3)) == 0);
  say("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0);
  say("signal", pid != 0 && kill(pid, 0) == 0);
  leave_root();
  say("files", opens("/var/lib/dpkg/status", O_RDONLY));
  say("state", opens(journal, O_RDONLY | O_DIRECTORY));
  say("shadow", opens("/etc/shadow", O_RDONLY));
  say("write", opens("/var/lib/dpkg/reached", O_WRONLY | O_CREAT));
  say("mount", mkdir("/mounted", 0700) == 0 && mount("none", "/mounted", "tmpfs", 0, NULL) == 0);
  say("kernel", opens("/proc/sys/kernel/domainname", O_WRONLY));
  return 0;
}
