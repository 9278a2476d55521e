/* smtpload: sends .eml files over many sessions at once and says how fast they were taken.
 *
 *   smtpload -p PORT -i INDEX -s SESSIONS -m MESSAGES [-n MESSAGES_PER_CONNECTION] [-t SECONDS]
 *            [-A 127.x.y.z] [-k ADDRESSES]   source addresses: the base and how many after it, in turn
 *            [-X ADDRESS]   a PROXY v1 preamble tells that address, or one of as many after it, as the client's
 *            [-r]    what got a 4xx or a lost connection is sent again after 0.3 s; senders are numbered <bN@...>
 *            [-R]    only connects and reads what it is told: for refusals at connect
 *
 * INDEX has a line `path<TAB>sender<TAB>recipient` for each message. MAIL, RCPT and DATA are pipelined. Loopback
 * only: the destination is 127.0.0.1. Prints one JSON object; times in milliseconds, MAIL to the final reply. */
#define _GNU_SOURCE
#include "common.h"
#include <errno.h>
#include <sys/epoll.h>

enum state { CONNECTING, BANNER, EHLO, ENVELOPE, CONTENT, QUITTING, SLEEPING, DONE };

struct session {
  int fd;
  enum state state;
  int replies_left, refusal; /* of the pipelined envelope */
  long sent_here;            /* messages on this connection */
  long number;               /* of the message under way or owed, -1 without */
  const struct message *message;
  char command[1024];
  size_t command_length, command_sent;
  int content_on;
  size_t content_sent;
  char reply[8192];
  size_t reply_length;
  double since, connected, wake;
};

static int sessions = 50, per_connection, retry, refusals, port, poll_fd, alive;
static long total = 1000, begun, done, ok, lost, connections, resent, codes[1000];
static double most_seconds = 120, last;
static unsigned told_base; /* whom the PROXY preamble tells, 0 without one */
static float *times;
static long times_count, times_room;

static void note_time(double since) {
  last = now();
  if (times_count < times_room) times[times_count++] = (float)((last - since) * 1e3);
}

static void hang_up(struct session *s) {
  if (s->fd >= 0) close(s->fd);
  s->fd = -1;
}

static void end(struct session *s) {
  hang_up(s);
  if (s->state != DONE) alive--;
  s->state = DONE;
}

static void sleep_then_connect(struct session *s, double seconds) {
  hang_up(s);
  s->state = SLEEPING;
  s->wake = now() + seconds;
}

/* What a balancer in front would say of the connection of that number; it goes out once the connection stands. */
static void introduce(struct session *s, long number) {
  unsigned client = told_base + (unsigned)number % source_count;
  s->command_length = (size_t)snprintf(s->command, sizeof s->command, "PROXY TCP4 %u.%u.%u.%u 127.0.0.1 %u %d\r\n",
                                       client >> 24, client >> 16 & 255, client >> 8 & 255, client & 255,
                                       40000 + (unsigned)number % 20000, port);
}

static void dial(struct session *s) {
  long number = connections++;
  int fd = socket_for(number);
  s->fd = fd;
  s->state = CONNECTING;
  s->sent_here = 0;
  s->reply_length = s->command_length = s->command_sent = 0;
  s->content_on = 0;
  if (told_base) introduce(s, number);
  s->connected = now();
  if (refusals) begun++;
  if (connect(fd, (void *)&there, sizeof there) && errno != EINPROGRESS) fail("connect");
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = s};
  if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

static void next_connection(struct session *s) {
  hang_up(s);
  if (s->number >= 0 || begun < total)
    dial(s);
  else
    end(s);
}

static void say(struct session *s, const char *text) {
  s->command_length = (size_t)snprintf(s->command, sizeof s->command, "%s", text);
  s->command_sent = 0;
}

static void quit(struct session *s) {
  s->state = QUITTING;
  say(s, "QUIT\r\n");
}

static void next_message(struct session *s) {
  int full = per_connection && s->sent_here >= per_connection;
  if (full || (s->number < 0 && begun >= total)) return quit(s);
  if (s->number < 0) s->number = begun++;
  s->message = message_of(s->number);
  s->sent_here++;
  s->since = now();
  s->state = ENVELOPE;
  s->replies_left = 3;
  s->refusal = 0;
  char sender[300];
  if (retry)
    snprintf(sender, sizeof sender, "b%ld@sender.example", s->number);
  else
    snprintf(sender, sizeof sender, "%s", s->message->sender);
  s->command_length = (size_t)snprintf(s->command, sizeof s->command, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n",
                                       sender, s->message->recipient);
  s->command_sent = 0;
}

/* The end of a message, by its final reply; 0 for a lost connection. Returns 1 when the session sleeps. */
static int finish(struct session *s, int code) {
  s->content_on = 0;
  if (code) codes[code % 1000]++;
  if (code / 100 == 2) ok++;
  if (retry && (code == 0 || code / 100 == 4)) {
    resent++;
    sleep_then_connect(s, 0.3);
    return 1;
  }
  done++;
  note_time(s->since);
  s->number = -1;
  return 0;
}

static void broken(struct session *s) {
  if (refusals) {
    done++;
    lost++;
    last = now();
  } else if (s->state != QUITTING) {
    lost++;
    if (s->number >= 0 && finish(s, 0)) return;
    if (s->number < 0 && retry) return sleep_then_connect(s, 0.3);
  }
  next_connection(s);
}

static void replied(struct session *s, int code) {
  switch (s->state) {
  case BANNER:
    if (refusals) {
      codes[code % 1000]++;
      done++;
      note_time(s->connected);
      return next_connection(s);
    }
    if (code / 100 != 2) {
      codes[code % 1000]++;
      return retry ? (resent++, sleep_then_connect(s, 0.3)) : broken(s);
    }
    s->state = EHLO;
    return say(s, "EHLO client.example\r\n");
  case EHLO:
    if (code / 100 != 2) return broken(s);
    return next_message(s);
  case ENVELOPE:
    s->replies_left--;
    if (s->replies_left > 0 && code / 100 != 2 && !s->refusal) s->refusal = code;
    if (code == 421 && s->replies_left > 0) s->replies_left = 0;
    if (s->replies_left > 0) return;
    if (code == 354 && !s->refusal) {
      s->state = CONTENT;
      s->content_on = 1;
      s->content_sent = 0;
      return;
    }
    if (code == 354) return broken(s);
    if (!finish(s, s->refusal ? s->refusal : code)) quit(s);
    return;
  case CONTENT: {
    int early = s->content_sent < s->message->length;
    if (finish(s, code)) return;
    if (early || code == 421) return next_connection(s);
    return next_message(s);
  }
  case QUITTING: return next_connection(s);
  default: return;
  }
}

static void flush_out(struct session *s) {
  for (;;) {
    ssize_t n;
    if (s->fd < 0) return;
    if (s->command_sent < s->command_length) {
      n = send(s->fd, s->command + s->command_sent, s->command_length - s->command_sent, MSG_NOSIGNAL);
      if (n > 0) s->command_sent += (size_t)n;
    } else if (s->content_on && s->content_sent < s->message->length) {
      n = send(s->fd, s->message->content + s->content_sent, s->message->length - s->content_sent, MSG_NOSIGNAL);
      if (n > 0) s->content_sent += (size_t)n;
    } else {
      return;
    }
    if (n < 0) return;
  }
}

static void pump(struct session *s) {
  flush_out(s);
  while (s->fd >= 0) {
    int fd = s->fd;
    ssize_t n = recv(fd, s->reply + s->reply_length, sizeof s->reply - s->reply_length - 1, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return broken(s);
    s->reply_length += (size_t)n;
    char *newline;
    while ((newline = memchr(s->reply, '\n', s->reply_length))) {
      size_t length = (size_t)(newline - s->reply) + 1;
      s->reply[s->reply_length] = 0;
      int is_last = length < 5 || s->reply[3] != '-', code = atoi(s->reply);
      memmove(s->reply, s->reply + length, s->reply_length - length);
      s->reply_length -= length;
      if (!is_last) continue;
      replied(s, code);
      if (s->fd != fd || s->state == CONNECTING) return;
      flush_out(s);
    }
    if (s->reply_length >= sizeof s->reply - 1) s->reply_length = 0;
  }
}

static void ready(struct session *s, unsigned events) {
  if (s->state == SLEEPING || s->state == DONE || s->fd < 0) return;
  if (s->state == CONNECTING && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return broken(s);
    s->state = BANNER;
  }
  pump(s);
}

static void report(double seconds) {
  qsort(times, (size_t)times_count, sizeof *times, by_size);
  printf("{\"done\":%ld,\"ok\":%ld,\"lost\":%ld,\"resent\":%ld,\"connections\":%ld,\"seconds\":%.4f,", done, ok, lost,
         resent, connections, seconds);
  printf("\"rate\":%.1f,\"p50\":%.3f,\"p99\":%.3f,\"client_cpu\":%.3f,\"codes\":{", (double)done / seconds,
         quantile(times, times_count, .5), quantile(times, times_count, .99), own_cpu());
  for (int i = 0, any = 0; i < 1000; i++)
    if (codes[i]) printf("%s\"%03d\":%ld", any++ ? "," : "", i, codes[i]);
  printf("}}\n");
}

int main(int argc, char **argv) {
  const char *index = 0;
  for (int option; (option = getopt(argc, argv, "p:i:s:m:n:t:A:k:X:rR")) != -1;) switch (option) {
    case 'p': port = atoi(optarg); break;
    case 'i': index = optarg; break;
    case 's': sessions = atoi(optarg); break;
    case 'm': total = atol(optarg); break;
    case 'n': per_connection = atoi(optarg); break;
    case 't': most_seconds = atof(optarg); break;
    case 'A': source_base = ntohl(inet_addr(optarg)); break;
    case 'k': source_count = (unsigned)atoi(optarg); break;
    case 'X': told_base = ntohl(inet_addr(optarg)); break;
    case 'r': retry = 1; break;
    case 'R': refusals = 1; break;
    default: return 2;
    }
  if (!index || !port || !source_count || (source_base && source_base >> 24 != 127)) return 2;
  load_index(index);
  aim(port);
  times_room = total + 2 * sessions;
  times = calloc((size_t)times_room, sizeof *times);
  struct session *crowd = calloc((size_t)sessions, sizeof *crowd);
  if (!times || !crowd) fail("calloc");
  poll_fd = epoll_create1(0);
  double start = now();
  for (int i = 0; i < sessions; i++) {
    crowd[i].fd = -1;
    crowd[i].number = -1;
    crowd[i].state = DONE;
    if (begun + (refusals ? 0 : i) >= total) continue;
    alive++;
    dial(&crowd[i]);
  }
  struct epoll_event events[256];
  while (alive > 0 && done < total && now() - start < most_seconds) {
    int n = epoll_wait(poll_fd, events, 256, retry ? 50 : 200);
    for (int i = 0; i < n; i++) ready(events[i].data.ptr, events[i].events);
    if (!retry) continue;
    double time = now();
    for (int i = 0; i < sessions; i++)
      if (crowd[i].state == SLEEPING && crowd[i].wake <= time) next_connection(&crowd[i]);
  }
  report((done >= total ? last : now()) - start);
  return 0;
}
