/* smtpidle: opens sessions on 127.0.0.1, reads the banner and the answer to EHLO, and then says nothing.
 *
 *   smtpidle PORT SESSIONS
 *
 * Prints "ready OPEN FAILED", waits for a line on standard input, then sends NOOP on each session and prints
 * "alive N", the number of those that answered 250. Source addresses go up from 127.2.0.1. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum state { NONE, BANNER, EHLO, IDLE, NOOP, ALIVE, FAILED };
struct session {
  int fd;
  enum state state;
};

static struct session *crowd;
static int wanted, opened, under_way, idle, failed, answered, poll_fd;
static struct sockaddr_in there;

static void settle(struct session *s, enum state state) {
  s->state = state;
  under_way--;
  if (state == IDLE) idle++;
  if (state == ALIVE) answered++;
  if (state == FAILED) failed++, close(s->fd);
}

static void dial(struct session *s) {
  struct sockaddr_in here = {.sin_family = AF_INET};
  here.sin_addr.s_addr = htonl(0x7f020001u + (unsigned)opened++);
  s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (s->fd < 0) perror("socket"), exit(1);
  under_way++;
  s->state = BANNER;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
  if (bind(s->fd, (void *)&here, sizeof here) || epoll_ctl(poll_fd, EPOLL_CTL_ADD, s->fd, &event)
      || (connect(s->fd, (void *)&there, sizeof there) && errno != EINPROGRESS))
    settle(s, FAILED);
}

/* The last line of a reply decides; replies here fit into one read. */
static void ready(struct session *s) {
  char text[4096];
  ssize_t n = recv(s->fd, text, sizeof text - 1, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0 || s->state == IDLE) {
    if (s->state == IDLE) idle--, under_way++;
    return settle(s, FAILED);
  }
  text[n] = 0;
  char *line = text;
  for (char *next; (next = strchr(line, '\n')) && next[1];) line = next + 1;
  if (strncmp(line, s->state == BANNER ? "220 " : "250 ", 4)) {
    if (!strncmp(line, "250-", 4)) return;
    return settle(s, FAILED);
  }
  if (s->state == NOOP) return settle(s, ALIVE);
  if (s->state == EHLO) return settle(s, IDLE);
  s->state = EHLO;
  if (send(s->fd, "EHLO idle.example\r\n", 19, MSG_NOSIGNAL) != 19) settle(s, FAILED);
}

static void turn(int milliseconds) {
  struct epoll_event events[256];
  int n = epoll_wait(poll_fd, events, 256, milliseconds);
  for (int i = 0; i < n; i++) ready(events[i].data.ptr);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: smtpidle PORT SESSIONS\n"), 2;
  struct rlimit most;
  getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  setrlimit(RLIMIT_NOFILE, &most);
  there = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  wanted = atoi(argv[2]);
  crowd = calloc((size_t)wanted, sizeof *crowd);
  poll_fd = epoll_create1(0);
  time_t limit = time(0) + 120;
  while ((opened < wanted || under_way) && time(0) < limit) {
    while (opened < wanted && under_way < 200) dial(&crowd[opened]);
    turn(100);
  }
  printf("ready %d %d\n", idle, wanted - idle);
  fflush(stdout);
  char line[16];
  if (!fgets(line, sizeof line, stdin)) return 1;
  for (int i = 0; i < wanted; i++) {
    struct session *s = &crowd[i];
    if (s->state != IDLE) continue;
    s->state = NOOP;
    under_way++;
    if (send(s->fd, "NOOP\r\n", 6, MSG_NOSIGNAL) != 6) settle(s, FAILED);
  }
  for (limit = time(0) + 30; under_way && time(0) < limit;) turn(100);
  printf("alive %d\n", answered);
  return 0;
}
