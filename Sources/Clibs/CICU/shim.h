// ICU's names carry its version, by macros that Swift cannot see: each function that is used has a plain name here.
#include <unicode/uidna.h>

static inline UIDNA *weir_idna_open(uint32_t options, UErrorCode *status) {
  return uidna_openUTS46(options, status);
}

static inline int32_t weir_idna_to_ascii(
    const UIDNA *idna, const char *name, int32_t length, char *result, int32_t capacity, uint32_t *faults,
    UErrorCode *status) {
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  int32_t count = uidna_nameToASCII_UTF8(idna, name, length, result, capacity, &info, status);
  *faults = info.errors;
  return count;
}

static inline void weir_idna_close(UIDNA *idna) { uidna_close(idna); }
