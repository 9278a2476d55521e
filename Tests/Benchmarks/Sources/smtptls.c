/* smtptls: many SMTP sessions at once, with TLS 1.3 by STARTTLS, from the first byte, or none; over OpenSSL.
 *
 *   smtptls -p PORT -M plain|starttls|implicit -m COUNT [-s SESSIONS] [-T THREADS] [-t SECONDS]
 *           [-A 127.x.y.z] [-k ADDRESSES]   source addresses: the base and how many after it, in turn
 *           [-n MESSAGES]   COUNT sessions (EHLO … QUIT), MESSAGES in each; without it: none, handshakes only
 *           [-K]            COUNT messages over SESSIONS that are open before the clock starts
 *           [-I]            COUNT idle sessions after EHLO, at most SESSIONS under way at once; then NOOP on each
 *           [-R]            each handshake resumes the session of one made before the clock starts
 *           [-C CIPHER]     the one cipher offered; the one group is X25519
 *           [-i INDEX]      the messages, as for smtpload; MAIL, RCPT and DATA are pipelined
 *
 * First prints "ready N" (N: sessions open; with -R whether a ticket came), waits for a line on standard input, and in
 * the end prints one JSON object. The certificate is not verified, but the key's signature is. Loopback only. A
 * session ends as it should: QUIT, 221, close_notify both ways. */
#define _GNU_SOURCE
#include "tlsdialogue.h"
#include <signal.h>

static int sessions = 50, threads, priming;
static double most_seconds = 120;
static const char *cipher = "TLS_AES_256_GCM_SHA384";
static pthread_barrier_t opened, go;

/* Until all sessions are done, or, before the start, until they are open. */
static void run(struct worker *w) {
  struct epoll_event events[256];
  double limit = now() + most_seconds;
  while (now() < limit) {
    while (w->dialled < w->slots && w->under_way < w->most_under_way) {
      struct session *s = &w->crowd[w->dialled++];
      if (work == SESSIONS_OF && atomic_fetch_add(&begun, 1) >= total)
        w->alive--;
      else
        dial(s);
    }
    if (w->alive <= 0 || (!going && w->dialled == w->slots && w->under_way == 0)) return;
    int n = epoll_wait(w->poll_fd, events, 256, 200);
    for (int i = 0; i < n; i++) ready(events[i].data.ptr);
  }
  if (w->alive > 0 && !w->fault[0]) snprintf(w->fault, sizeof w->fault, "not done after %.0f s", most_seconds);
}

static int without_verifying(X509_STORE_CTX *store, void *unused) { return (void)store, (void)unused, 1; }

static int keep_ticket(SSL *ssl, SSL_SESSION *given) {
  (void)ssl;
  if (!priming || ticket) return 0;
  ticket = given;
  return 1;
}

static void equip(struct worker *w, int slots) {
  w->poll_fd = epoll_create1(0);
  w->slots = w->alive = slots;
  w->most_under_way = work == IDLE ? (sessions + threads - 1) / threads : slots;
  w->crowd = calloc((size_t)slots, sizeof *w->crowd);
  w->times = calloc((size_t)total, sizeof *w->times);
  w->context = SSL_CTX_new(TLS_client_method());
  if (!w->crowd || !w->times || !w->context) fail("calloc");
  for (int i = 0; i < slots; i++) w->crowd[i].worker = w, w->crowd[i].fd = -1, w->crowd[i].state = OVER;
  if (!SSL_CTX_set_min_proto_version(w->context, TLS1_3_VERSION) || !SSL_CTX_set_ciphersuites(w->context, cipher)
      || !SSL_CTX_set1_groups_list(w->context, "X25519"))
    fail("SSL_CTX");
  SSL_CTX_set_mode(w->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                 | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_cert_verify_callback(w->context, without_verifying, 0);
  /* With a client's cache OpenSSL takes a ticket out of use after its first resumption. */
  SSL_CTX_set_session_cache_mode(
    w->context, priming ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  SSL_CTX_sess_set_new_cb(w->context, keep_ticket);
}

static void *labour(void *argument) {
  struct worker *w = argument;
  if (work != SESSIONS_OF) run(w);
  pthread_barrier_wait(&opened);
  pthread_barrier_wait(&go);
  if (work == KEPT || work == IDLE)
    for (int i = 0; i < w->slots; i++)
      if (w->crowd[i].state == PARKED) {
        w->under_way++;
        next_step(&w->crowd[i]);
        pump(&w->crowd[i]);
        if (w->crowd[i].state == OVER) next_session(&w->crowd[i]);
      }
  run(w);
  return 0;
}

/* One whole session beforehand, for its ticket. */
static int prime(void) {
  struct worker first = {0};
  long wanted = total;
  total = priming = 1;
  equip(&first, 1);
  run(&first);
  total = wanted;
  priming = 0;
  atomic_store(&begun, 0);
  if (first.fault[0]) fprintf(stderr, "smtptls: %s\n", first.fault);
  return ticket && SSL_SESSION_is_resumable(ticket);
}

static void report(struct worker *crew, double start, double cpu) {
  struct worker sum = {.last = start};
  sum.times = calloc((size_t)total * (size_t)threads, sizeof *sum.times);
  if (!sum.times) fail("calloc");
  for (int i = 0; i < threads; i++) {
    struct worker *w = &crew[i];
    sum.done += w->done, sum.ok += w->ok, sum.failed += w->failed, sum.resumed += w->resumed;
    sum.unclean += w->unclean, sum.mixed += w->mixed;
    if (w->last > sum.last) sum.last = w->last;
    if (!sum.fault[0]) memcpy(sum.fault, w->fault, sizeof sum.fault);
    if (!sum.spoken[0]) memcpy(sum.spoken, w->spoken, sizeof sum.spoken);
    if (w->spoken[0] && strcmp(sum.spoken, w->spoken)) sum.mixed++;
    for (int code = 0; code < 1000; code++) sum.codes[code] += w->codes[code];
    memcpy(sum.times + sum.times_count, w->times, (size_t)w->times_count * sizeof *w->times);
    sum.times_count += w->times_count;
  }
  qsort(sum.times, (size_t)sum.times_count, sizeof *sum.times, by_size);
  double seconds = sum.last - start;
  printf("{\"done\":%ld,\"ok\":%ld,\"failed\":%ld,\"resumed\":%ld,\"unclean\":%ld,\"mixed\":%ld,", sum.done, sum.ok,
         sum.failed, sum.resumed, sum.unclean, sum.mixed);
  printf("\"tls\":\"%s\",\"fault\":\"%s\",\"seconds\":%.4f,\"rate\":%.1f,\"p50\":%.3f,\"p99\":%.3f,\"client_cpu\":%.3f,",
         sum.spoken, sum.fault, seconds, seconds > 0 ? (double)sum.done / seconds : 0,
         quantile(sum.times, sum.times_count, .5), quantile(sum.times, sum.times_count, .99), cpu);
  printf("\"codes\":{");
  for (int i = 0, any = 0; i < 1000; i++)
    if (sum.codes[i]) printf("%s\"%03d\":%ld", any++ ? "," : "", i, sum.codes[i]);
  printf("}}\n");
}

static int options(int argc, char **argv) {
  static const char *const names[] = {"plain", "starttls", "implicit"};
  const char *index = 0;
  int port = 0;
  threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
  for (int option; (option = getopt(argc, argv, "p:M:m:s:T:t:A:k:n:i:C:KIR")) != -1;) switch (option) {
    case 'p': port = atoi(optarg); break;
    case 'M':
      for (mode = PLAIN; strcmp(names[mode], optarg);)
        if (++mode > IMPLICIT) return 0;
      break;
    case 'm': total = atol(optarg); break;
    case 's': sessions = atoi(optarg); break;
    case 'T': threads = atoi(optarg); break;
    case 't': most_seconds = atof(optarg); break;
    case 'A': source_base = ntohl(inet_addr(optarg)); break;
    case 'k': source_count = (unsigned)atoi(optarg); break;
    case 'n': per_session = atoi(optarg); break;
    case 'i': index = optarg; break;
    case 'C': cipher = optarg; break;
    case 'K': work = KEPT; break;
    case 'I': work = IDLE; break;
    case 'R': resume = 1; break;
    default: return 0;
    }
  if (!port || total < 1 || sessions < 1 || threads < 1 || !source_count || (source_base && source_base >> 24 != 127))
    return 0;
  if (resume && (work != SESSIONS_OF || mode == PLAIN)) return 0;
  if ((work == KEPT || per_session > 0) && !index) return 0;
  if (index) load_index(index);
  if (threads > sessions) threads = sessions;
  aim(port);
  return 1;
}

int main(int argc, char **argv) {
  if (!options(argc, argv)) return fprintf(stderr, "usage: see the head of smtptls.c\n"), 2;
  struct rlimit most;
  getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  setrlimit(RLIMIT_NOFILE, &most);
  signal(SIGPIPE, SIG_IGN);
  long open = resume ? prime() : 0;
  struct worker *crew = calloc((size_t)threads, sizeof *crew);
  if (!crew) fail("calloc");
  pthread_barrier_init(&opened, 0, (unsigned)threads + 1);
  pthread_barrier_init(&go, 0, (unsigned)threads + 1);
  int slots = work == IDLE ? (int)total : sessions;
  for (int i = 0; i < threads; i++) {
    equip(&crew[i], slots / threads + (i < slots % threads));
    if (pthread_create(&crew[i].thread, 0, labour, &crew[i])) fail("pthread_create");
  }
  pthread_barrier_wait(&opened);
  for (int i = 0; i < threads; i++) open += crew[i].parked;
  for (int i = 0; i < threads; i++)
    if (crew[i].fault[0]) fprintf(stderr, "smtptls: %s\n", crew[i].fault);
  printf("ready %ld\n", open);
  fflush(stdout);
  char line[16];
  if (!fgets(line, sizeof line, stdin)) return 1;
  going = 1;
  double cpu = own_cpu(), start = now();
  pthread_barrier_wait(&go);
  for (int i = 0; i < threads; i++) pthread_join(crew[i].thread, 0);
  report(crew, start, own_cpu() - cpu);
  return 0;
}
