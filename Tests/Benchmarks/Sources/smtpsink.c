/* smtpsink: takes all mail on 127.0.0.1 as fast as one thread can, and counts it.
 *
 *   smtpsink PORT [-x] [-k FILE]      -x offers XFORWARD; -k appends to FILE what comes from <keep@...>
 *
 * Content is searched with memmem, never byte by byte. A sender written <bN@...> is message number N: the
 * sink remembers which numbers it took, so that a run can say whether one is missing or came twice.
 * "XCOUNT" answers "250 messages=M octets=O distinct=D duplicates=U"; "XRESET" forgets all of that. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_NUMBER = 1 << 20, LINE = 2048 };

struct peer {
  int fd;
  int in_content;
  size_t tail_length; /* the last octets of content seen, at most 4: the end may be split over reads */
  char tail[8];
  char line[LINE];
  size_t line_length;
  long number; /* of the message under way, -1 without */
  int kept;    /* whether it is to be kept */
};

static char input[1 << 18], output[1 << 16];
static size_t output_length;
static unsigned char taken[MAX_NUMBER];
static long messages, distinct, duplicates;
static unsigned long long octets;
static int offers_xforward, keep_fd = -1;

static void say(const char *text) {
  size_t n = strlen(text);
  if (output_length + n <= sizeof output) {
    memcpy(output + output_length, text, n);
    output_length += n;
  }
}

static void count_message(struct peer *p) {
  messages++;
  if (p->number < 0 || p->number >= MAX_NUMBER) return;
  if (taken[p->number]) {
    duplicates++;
  } else {
    taken[p->number] = 1;
    distinct++;
  }
}

/* Content from `at` on; returns where it stopped. */
static size_t content(struct peer *p, size_t at, size_t length) {
  static const char end[] = "\r\n.\r\n";
  char joint[16];
  size_t fresh = length - at, head = fresh < 4 ? fresh : 4, stop = 0;
  memcpy(joint, p->tail, p->tail_length);
  memcpy(joint + p->tail_length, input + at, head);
  char *found = memmem(joint, p->tail_length + head, end, 5);
  if (found && (size_t)(found + 5 - joint) > p->tail_length) {
    stop = at + (size_t)(found + 5 - joint) - p->tail_length;
  } else if ((found = memmem(input + at, fresh, end, 5))) {
    stop = (size_t)(found + 5 - input);
  }
  if (p->kept && write(keep_fd, input + at, (stop ? stop : length) - at) < 0) perror("write");
  if (stop) {
    octets += stop - at;
    p->in_content = 0;
    count_message(p);
    say("250 2.0.0 Ok\r\n");
    return stop;
  }
  octets += fresh;
  if (fresh >= 4) {
    memcpy(p->tail, input + length - 4, 4);
    p->tail_length = 4;
  } else {
    memcpy(joint, p->tail, p->tail_length);
    memcpy(joint + p->tail_length, input + at, fresh);
    size_t all = p->tail_length + fresh, kept = all > 4 ? 4 : all;
    memcpy(p->tail, joint + all - kept, kept);
    p->tail_length = kept;
  }
  return length;
}

/* One command line; returns 1 when the session ends. */
static int command(struct peer *p) {
  char *line = p->line, counters[160];
  if (!strncasecmp(line, "MAIL FROM:<", 11)) {
    p->number = line[11] == 'b' && line[12] >= '0' && line[12] <= '9' ? atol(line + 12) : -1;
    p->kept = keep_fd >= 0 && !strncmp(line + 11, "keep@", 5);
    say("250 2.1.0 Ok\r\n");
  } else if (!strncasecmp(line, "RCPT", 4)) {
    say("250 2.1.5 Ok\r\n");
  } else if (!strncasecmp(line, "DATA", 4)) {
    p->in_content = 1;
    p->tail_length = 2;
    memcpy(p->tail, "\r\n", 2);
    say("354 End with .\r\n");
  } else if (!strncasecmp(line, "EHLO", 4)) {
    say("250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n");
    if (offers_xforward) say("250-XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT\r\n");
    say("250 SIZE 60000000\r\n");
  } else if (!strncasecmp(line, "QUIT", 4)) {
    say("221 2.0.0 Bye\r\n");
    return 1;
  } else if (!strncasecmp(line, "XCOUNT", 6)) {
    snprintf(counters, sizeof counters, "250 messages=%ld octets=%llu distinct=%ld duplicates=%ld\r\n", messages,
             octets, distinct, duplicates);
    say(counters);
  } else if (!strncasecmp(line, "XRESET", 6)) {
    memset(taken, 0, sizeof taken);
    messages = distinct = duplicates = 0;
    octets = 0;
    say("250 2.0.0 Ok\r\n");
  } else {
    say("250 2.0.0 Ok\r\n");
  }
  return 0;
}

static int serve(struct peer *p) {
  ssize_t got = recv(p->fd, input, sizeof input, 0);
  if (got < 0 && errno == EAGAIN) return 0;
  if (got <= 0) return 1;
  size_t at = 0, length = (size_t)got;
  int ends = 0;
  output_length = 0;
  while (at < length && !ends) {
    if (p->in_content) {
      at = content(p, at, length);
      continue;
    }
    char *newline = memchr(input + at, '\n', length - at);
    size_t part = newline ? (size_t)(newline - input) + 1 - at : length - at;
    if (p->line_length + part < LINE) {
      memcpy(p->line + p->line_length, input + at, part);
      p->line_length += part;
    }
    at += part;
    if (!newline) break;
    p->line[p->line_length] = 0;
    p->line_length = 0;
    ends = command(p);
  }
  if (output_length && send(p->fd, output, output_length, MSG_NOSIGNAL) < 0) ends = 1;
  return ends;
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: smtpsink PORT [-x] [-k FILE]\n"), 2;
  for (int i = 2; i < argc; i++) {
    if (!strcmp(argv[i], "-x")) offers_xforward = 1;
    if (strcmp(argv[i], "-k") || i + 1 == argc) continue;
    keep_fd = open(argv[++i], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (keep_fd < 0) return perror(argv[i]), 1;
  }
  struct rlimit most;
  getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  setrlimit(RLIMIT_NOFILE, &most);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (void *)&here, sizeof here) || listen(listener, 4096)) return perror("bind"), 1;
  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = 0}, events[256];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int n = epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < n; i++) {
      struct peer *p = events[i].data.ptr;
      if (p) {
        if (serve(p)) close(p->fd), free(p);
        continue;
      }
      int fd;
      while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        p = calloc(1, sizeof *p);
        if (!p) return 1;
        p->fd = fd;
        p->number = -1;
        event.data.ptr = p;
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
        if (send(fd, "220 sink.example ESMTP\r\n", 24, MSG_NOSIGNAL) < 0) continue;
      }
    }
  }
}
