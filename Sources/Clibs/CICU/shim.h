// ICU's names carry its version, by macros that Swift cannot see: each function that is used has a plain name here.
// Of ICU's own headers only the one with the version is read: Foundation has an ICU of its own, and where a module sees
// the types of both (`UErrorCode` of 163 and of 175 values) it does not compile.
#include <stdint.h>
#include <unicode/uvernum.h>

struct weir_idna;

/// `UIDNAInfo`, whose layout is part of ICU's stable interface.
struct weir_idna_info {
  int16_t size;
  int8_t is_transitional_different;
  int8_t reserved_b3;
  uint32_t errors;
  int32_t reserved_i2;
  int32_t reserved_i3;
};

#define WEIR_UIDNA_OPEN U_ICU_ENTRY_POINT_RENAME(uidna_openUTS46)
#define WEIR_UIDNA_TO_ASCII U_ICU_ENTRY_POINT_RENAME(uidna_nameToASCII_UTF8)
#define WEIR_UIDNA_CLOSE U_ICU_ENTRY_POINT_RENAME(uidna_close)

extern struct weir_idna *WEIR_UIDNA_OPEN(uint32_t options, int *status);
extern int32_t WEIR_UIDNA_TO_ASCII(
    const struct weir_idna *idna, const char *name, int32_t length, char *result, int32_t capacity,
    struct weir_idna_info *info, int *status);
extern void WEIR_UIDNA_CLOSE(struct weir_idna *idna);

/// `UIDNA_CHECK_BIDI | UIDNA_NONTRANSITIONAL_TO_ASCII`
static inline struct weir_idna *weir_idna_open(int *status) { return WEIR_UIDNA_OPEN(0x04 | 0x10, status); }

static inline int32_t weir_idna_to_ascii(
    const struct weir_idna *idna, const char *name, int32_t length, char *result, int32_t capacity,
    uint32_t *faults, int *status) {
  struct weir_idna_info info = {sizeof(struct weir_idna_info), 0, 0, 0, 0, 0};
  int32_t count = WEIR_UIDNA_TO_ASCII(idna, name, length, result, capacity, &info, status);
  *faults = info.errors;
  return count;
}

static inline void weir_idna_close(struct weir_idna *idna) { WEIR_UIDNA_CLOSE(idna); }
