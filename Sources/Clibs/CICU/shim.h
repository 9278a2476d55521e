// ICU's names carry its version, by macros that Swift cannot see: each function that is used has a plain name here.
//
// ICU's own types are not shown: Foundation brings a copy of ICU along whose types have the same names and other
// members, and no program could import both.
#include <stdint.h>
#include <unicode/uvernum.h>

// UIDNAInfo, whose first member lets it grow.
struct weir_idna_info {
  int16_t size;
  int8_t isTransitionalDifferent;
  int8_t reserved;
  uint32_t errors;
  int32_t reserved2;
  int32_t reserved3;
};

void *U_ICU_ENTRY_POINT_RENAME(uidna_openUTS46)(uint32_t options, int *status);
int32_t U_ICU_ENTRY_POINT_RENAME(uidna_nameToASCII_UTF8)(
    const void *idna, const char *name, int32_t length, char *result, int32_t capacity, struct weir_idna_info *info,
    int *status);
void U_ICU_ENTRY_POINT_RENAME(uidna_close)(void *idna);

// UIDNA_CHECK_BIDI and UIDNA_NONTRANSITIONAL_TO_ASCII.
enum { weir_idna_check_bidi = 4, weir_idna_nontransitional = 0x10 };

static inline void *weir_idna_open(uint32_t options, int *status) {
  return U_ICU_ENTRY_POINT_RENAME(uidna_openUTS46)(options, status);
}

static inline int32_t weir_idna_to_ascii(
    const void *idna, const char *name, int32_t length, char *result, int32_t capacity, uint32_t *faults,
    int *status) {
  struct weir_idna_info info = {sizeof(struct weir_idna_info), 0, 0, 0, 0, 0};
  int32_t count =
      U_ICU_ENTRY_POINT_RENAME(uidna_nameToASCII_UTF8)(idna, name, length, result, capacity, &info, status);
  *faults = info.errors;
  return count;
}

static inline void weir_idna_close(void *idna) { U_ICU_ENTRY_POINT_RENAME(uidna_close)(idna); }
