/* The dialogue of one session of smtptls, over a socket or over TLS, driven by what epoll says. */
#pragma once
#include "common.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

enum state { CONNECTING, BANNER, EHLO, STARTTLS, HANDSHAKE, PARKED, ENVELOPE, CONTENT, NOOP, QUITTING, CLOSING, OVER };
enum mode { PLAIN, BY_STARTTLS, IMPLICIT };
enum work { SESSIONS_OF, KEPT, IDLE };

struct worker;
struct session {
  struct worker *worker;
  int fd;
  SSL *ssl;
  enum state state;
  int offers_starttls, replies_left, refusal;
  long sent_here;
  const struct message *message;
  char command[1024], reply[8192];
  size_t command_length, command_sent, content_sent, reply_length;
  double since;
};

struct worker {
  pthread_t thread;
  SSL_CTX *context;
  int poll_fd, slots, alive, under_way, most_under_way, dialled;
  struct session *crowd;
  long parked, done, ok, failed, resumed, unclean, mixed, codes[1000];
  double last;
  float *times;
  long times_count;
  char spoken[160], fault[160];
};

static enum mode mode = PLAIN;
static enum work work = SESSIONS_OF;
static int per_session, resume, going;
static long total = 1000;
static atomic_long begun, connections;
static SSL_SESSION *ticket;

/* A session that did not go as it should; the first of a worker says why. */
static void broken(struct session *s, const char *why) {
  struct worker *w = s->worker;
  w->failed++;
  if (s->state == PARKED) w->parked--, w->under_way++;
  if (!w->fault[0]) {
    unsigned long error = s->ssl ? ERR_peek_error() : 0;
    const char *reason = error ? ERR_reason_error_string(error) : 0;
    snprintf(w->fault, sizeof w->fault, "%s in state %d%s%s", why, s->state, reason ? ": " : "", reason ? reason : "");
  }
  s->state = OVER;
}

static void hang_up(struct session *s) {
  if (s->ssl) SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN), SSL_free(s->ssl);
  if (s->fd >= 0) close(s->fd);
  s->ssl = 0;
  s->fd = -1;
}

static void dial(struct session *s) {
  s->fd = socket_for(atomic_fetch_add(&connections, 1));
  s->state = CONNECTING;
  s->offers_starttls = 0;
  s->sent_here = 0;
  s->reply_length = s->command_length = s->command_sent = 0;
  s->since = now();
  s->worker->under_way++;
  if (connect(s->fd, (void *)&there, sizeof there) && errno != EINPROGRESS) fail("connect");
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = s};
  if (epoll_ctl(s->worker->poll_fd, EPOLL_CTL_ADD, s->fd, &event)) fail("epoll_ctl");
}

static void say(struct session *s, enum state state, const char *text) {
  s->state = state;
  s->command_length = (size_t)snprintf(s->command, sizeof s->command, "%s", text);
  s->command_sent = 0;
}

static void note_time(struct session *s) {
  struct worker *w = s->worker;
  w->last = now();
  w->done++;
  if (w->times_count < total) w->times[w->times_count++] = (float)((w->last - s->since) * 1e3);
}

/* The session is over, well or not: another one in its place while some are wanted. */
static void next_session(struct session *s) {
  struct worker *w = s->worker;
  hang_up(s);
  w->under_way--;
  if (work == SESSIONS_OF && atomic_fetch_add(&begun, 1) < total) return dial(s);
  w->alive--;
}

static void begin_message(struct session *s, long number) {
  char text[1024];
  s->message = message_of(number);
  s->sent_here++;
  s->replies_left = 3;
  s->refusal = 0;
  s->content_sent = 0;
  snprintf(text, sizeof text, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", s->message->sender, s->message->recipient);
  if (work == KEPT) s->since = now();
  say(s, ENVELOPE, text);
}

/* After EHLO, and after each message. */
static void next_step(struct session *s) {
  long number = s->sent_here;
  switch (work) {
  case SESSIONS_OF:
    if (s->sent_here < per_session) return begin_message(s, number + atomic_load(&begun));
    break;
  case KEPT:
    if ((number = atomic_fetch_add(&begun, 1)) < total) return begin_message(s, number);
    break;
  case IDLE: return say(s, NOOP, "NOOP\r\n");
  }
  say(s, QUITTING, "QUIT\r\n");
}

static void begin_handshake(struct session *s) {
  s->ssl = SSL_new(s->worker->context);
  if (!s->ssl || !SSL_set_fd(s->ssl, s->fd) || !SSL_set_tlsext_host_name(s->ssl, "mx.example.test")) fail("SSL_new");
  if (resume && ticket && !SSL_set_session(s->ssl, ticket)) fail("SSL_set_session");
  s->state = HANDSHAKE;
}

static void greeted_by_tls(struct session *s) {
  struct worker *w = s->worker;
  char spoken[sizeof w->spoken];
  EVP_PKEY *key = X509_get0_pubkey(SSL_get0_peer_certificate(s->ssl));
  snprintf(spoken, sizeof spoken, "%s %s %s %s %d", SSL_get_version(s->ssl), SSL_get_cipher_name(s->ssl),
           SSL_group_to_name(s->ssl, (int)SSL_get_negotiated_group(s->ssl)), key ? EVP_PKEY_get0_type_name(key) : "-",
           key ? EVP_PKEY_get_bits(key) : 0);
  if (!w->spoken[0]) memcpy(w->spoken, spoken, sizeof spoken);
  if (strcmp(w->spoken, spoken)) w->mixed++;
  if (SSL_session_reused(s->ssl)) w->resumed++;
  if (mode == IMPLICIT)
    s->state = BANNER;
  else
    say(s, EHLO, "EHLO client.example\r\n");
}

static void replied(struct session *s, int code) {
  struct worker *w = s->worker;
  int good = code / 100 == 2;
  if (!good && code != 354) w->codes[code % 1000]++;
  switch (s->state) {
  case BANNER:
    if (!good) return broken(s, "refused at connect");
    return say(s, EHLO, "EHLO client.example\r\n");
  case EHLO:
    if (!good) return broken(s, "EHLO refused");
    if (mode == BY_STARTTLS && !s->ssl) {
      if (!s->offers_starttls) return broken(s, "STARTTLS is not offered");
      return say(s, STARTTLS, "STARTTLS\r\n");
    }
    if (work == SESSIONS_OF || going) return next_step(s);
    s->state = PARKED;
    w->parked++;
    w->under_way--;
    return;
  case STARTTLS:
    if (!good) return broken(s, "STARTTLS refused");
    return begin_handshake(s);
  case ENVELOPE:
    s->replies_left--;
    if (s->replies_left > 0 && !good) s->refusal = code;
    if (s->replies_left > 0) return;
    if (code != 354 || s->refusal) return broken(s, "envelope refused");
    s->state = CONTENT;
    return;
  case CONTENT:
    if (!good) return broken(s, "message refused");
    if (work == KEPT) note_time(s), w->ok++;
    return next_step(s);
  case NOOP:
    if (!good) return broken(s, "NOOP refused");
    w->ok++;
    s->state = OVER;
    return;
  case QUITTING:
    if (work == SESSIONS_OF) note_time(s), w->ok += good;
    s->state = CLOSING;
    if (s->ssl) SSL_shutdown(s->ssl);
    return;
  default: return broken(s, "a reply that nobody asked for");
  }
}

/* Octets put or taken, 0 for "not now", -1 for the end. */
static ssize_t moved(struct session *s, int result) {
  if (result > 0) return result;
  if (!s->ssl) return result < 0 && errno == EAGAIN ? 0 : -1;
  int error = SSL_get_error(s->ssl, result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static ssize_t put(struct session *s, const char *octets, size_t length) {
  if (!s->ssl) return moved(s, (int)send(s->fd, octets, length, MSG_NOSIGNAL));
  ERR_clear_error();
  return moved(s, SSL_write(s->ssl, octets, (int)length));
}

static ssize_t take(struct session *s, char *octets, size_t length) {
  if (!s->ssl) return moved(s, (int)recv(s->fd, octets, length, 0));
  ERR_clear_error();
  return moved(s, SSL_read(s->ssl, octets, (int)length));
}

static void flush_out(struct session *s) {
  while (s->state != HANDSHAKE && s->state != OVER) {
    size_t *sent = &s->command_sent, length = s->command_length;
    const char *from = s->command;
    if (*sent >= length && s->state == CONTENT)
      sent = &s->content_sent, length = s->message->length, from = s->message->content;
    if (*sent >= length) return;
    ssize_t n = put(s, from + *sent, length - *sent);
    if (n == 0) return;
    if (n < 0) return broken(s, "could not send");
    *sent += (size_t)n;
  }
}

/* The whole replies in the buffer, until one changes what the next octets are. */
static void read_replies(struct session *s) {
  char *newline;
  while ((newline = memchr(s->reply, '\n', s->reply_length))) {
    size_t length = (size_t)(newline - s->reply) + 1;
    int is_last = length < 5 || s->reply[3] != '-', code = atoi(s->reply);
    if (s->state == EHLO && length > 12 && !memcmp(s->reply + 4, "STARTTLS", 8)) s->offers_starttls = 1;
    memmove(s->reply, s->reply + length, s->reply_length - length);
    s->reply_length -= length;
    if (!is_last) continue;
    replied(s, code);
    if (s->state == HANDSHAKE && s->reply_length) return broken(s, "octets behind STARTTLS");
    if (s->state == HANDSHAKE || s->state == OVER) return;
    flush_out(s);
  }
  if (s->reply_length >= sizeof s->reply - 1) broken(s, "an endless line");
}

/* Closed by the peer: as it should be after QUIT, and then with a close_notify. */
static void closed(struct session *s) {
  if (s->state != CLOSING) return broken(s, "closed by the peer");
  if (s->ssl && !(SSL_get_shutdown(s->ssl) & SSL_RECEIVED_SHUTDOWN)) s->worker->unclean++;
  next_session(s);
}

static void pump(struct session *s) {
  int fd = s->fd;
  for (;;) {
    if (s->state == HANDSHAKE) {
      ERR_clear_error();
      int result = SSL_connect(s->ssl);
      if (result != 1 && !moved(s, result)) return;
      if (result != 1) return broken(s, "the handshake failed");
      greeted_by_tls(s);
    }
    flush_out(s);
    if (s->state == OVER) return;
    ssize_t n = take(s, s->reply + s->reply_length, sizeof s->reply - s->reply_length - 1);
    if (n == 0) return;
    if (n < 0) return closed(s);
    s->reply_length += (size_t)n;
    read_replies(s);
    if (s->fd != fd || s->state == OVER) return;
  }
}

static void ready(struct session *s) {
  if (s->fd < 0 || s->state == OVER) return;
  if (s->state == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) broken(s, strerror(error));
    s->state = error ? OVER : BANNER;
    if (!error && mode == IMPLICIT) begin_handshake(s);
  }
  if (s->state != OVER) pump(s);
  if (s->state == OVER) next_session(s);
}
