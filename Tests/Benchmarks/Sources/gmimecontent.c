/* GMime's side of the content benchmark: gmimecontent parse|decode INDEX SECONDS.

   INDEX names a message on each line. All are read into memory; then they are parsed, or parsed and decoded, until that
   much CPU time is gone. Says on one line of JSON how much was done. */
#include <gmime/gmime.h>
#include <string.h>

static GPtrArray *messages;
static size_t octets, parts, decoded;

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void load(const char *index) {
  char *list, *text;
  gsize length;
  if (!g_file_get_contents(index, &list, NULL, NULL)) g_error("%s", index);
  messages = g_ptr_array_new();
  for (char *path = strtok(list, "\n"); path; path = strtok(NULL, "\n")) {
    if (!g_file_get_contents(path, &text, &length, NULL)) g_error("%s", path);
    g_ptr_array_add(messages, g_byte_array_new_take((guint8 *)text, length));
    octets += length;
  }
}

/* A part's octets, their transfer encoding undone; of text, in UTF-8: into memory, as ours are. */
static void decode(GMimePart *part) {
  GMimeDataWrapper *content = g_mime_part_get_content(part);
  if (!content) return;
  GMimeStream *memory = g_mime_stream_mem_new(), *out = memory;
  GMimeFilter *filter = NULL;
  if (GMIME_IS_TEXT_PART(part)) {
    const char *charset = g_mime_text_part_get_charset(GMIME_TEXT_PART(part));
    if (charset) filter = g_mime_filter_charset_new(charset, "UTF-8");
  }
  if (filter) {
    out = g_mime_stream_filter_new(memory);
    g_mime_stream_filter_add(GMIME_STREAM_FILTER(out), filter);
  }
  g_mime_data_wrapper_write_to_stream(content, out);
  g_mime_stream_flush(out);
  decoded += (size_t)g_mime_stream_length(memory);
  if (filter) {
    g_object_unref(filter);
    g_object_unref(out);
  }
  g_object_unref(memory);
}

static void each(GMimeObject *parent, GMimeObject *part, gpointer does_decode) {
  (void)parent;
  parts++;
  if (GMIME_IS_MESSAGE_PART(part)) {
    GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
    if (inner) g_mime_message_foreach(inner, each, does_decode);
  } else if (does_decode && GMIME_IS_PART(part)) {
    decode(GMIME_PART(part));
  }
}

int main(int count, char **words) {
  if (count != 4) return 2;
  gboolean does_decode = !strcmp(words[1], "decode");
  double seconds = atof(words[3]);
  int passes = 0;
  g_mime_init();
  load(words[2]);
  double start = cpu(), now = start;
  while (now - start < seconds) {
    parts = decoded = 0;
    for (guint i = 0; i < messages->len; i++) {
      GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(g_ptr_array_index(messages, i));
      g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
      GMimeParser *parser = g_mime_parser_new_with_stream(stream);
      GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
      if (message) {
        g_mime_message_foreach(message, each, does_decode ? message : NULL);
        g_object_unref(message);
      }
      g_object_unref(parser);
      g_object_unref(stream);
    }
    passes++;
    now = cpu();
  }
  printf("{\"passes\": %d, \"seconds\": %.6f, \"octets\": %zu, \"parts\": %zu, \"decoded\": %zu}\n", passes, now - start,
         octets, parts, decoded);
  return 0;
}
