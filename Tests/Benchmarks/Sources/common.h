/* What the load generators share: the clock, messages as they go over the wire, quantiles, addresses on loopback. */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct message {
  char *content, *sender, *recipient;
  size_t length;
};

static struct message *all;
static int messages_known;
static struct sockaddr_in there;
static unsigned source_base, source_count = 1;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* A file as it goes over the wire: CRLF, dots stuffed, the final dot. */
static void load(const char *path, const char *sender, const char *recipient) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file), out = 0;
  rewind(file);
  char *raw = malloc(size + 1), *wire = malloc(size * 2 + 16);
  if (!raw || !wire || fread(raw, 1, size, file) != size) fail(path);
  fclose(file);
  int line_start = 1;
  for (size_t i = 0; i < size; i++) {
    if (raw[i] == '\r' || raw[i] == 0) continue;
    if (line_start && raw[i] == '.') wire[out++] = '.';
    if (raw[i] == '\n') wire[out++] = '\r';
    wire[out++] = raw[i];
    line_start = raw[i] == '\n';
  }
  if (!line_start) memcpy(wire + out, "\r\n", 2), out += 2;
  memcpy(wire + out, ".\r\n", 3);
  free(raw);
  all = realloc(all, sizeof *all * (size_t)(messages_known + 1));
  if (!all) fail("realloc");
  all[messages_known++] = (struct message){wire, strdup(sender), strdup(recipient), out + 3};
}

/* An index has a line `path<TAB>sender<TAB>recipient` for each message. */
static void load_index(const char *index) {
  FILE *file = fopen(index, "r");
  char line[4096];
  if (!file) fail(index);
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    char *rest = line, *path = strsep(&rest, "\t"), *sender = strsep(&rest, "\t");
    if (sender && rest) load(path, sender, rest);
  }
  fclose(file);
  if (!messages_known) fail("no messages");
}

/* The message of a number: the same for each set-up, in no order. */
static const struct message *message_of(long number) {
  return &all[(unsigned long)number * 2654435761u % (unsigned long)messages_known];
}

/* Only ever a loopback address. */
static void aim(int port) {
  there = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

/* A socket for the connection of that number, from its source address. */
static int socket_for(long number) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  if (fd < 0) fail("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (source_base) {
    struct sockaddr_in here = {.sin_family = AF_INET};
    here.sin_addr.s_addr = htonl(source_base + (unsigned)number % source_count);
    setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (void *)&here, sizeof here)) fail("bind");
  }
  return fd;
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double quantile(const float *sorted, long count, double part) {
  return count ? (double)sorted[(long)((double)(count - 1) * part)] : 0;
}

/* Seconds of CPU of this process. */
static double own_cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}
