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

// Normalisation (unorm2.h): the instances live as long as the process and are shared by its threads. Text is UTF-16.
const void *U_ICU_ENTRY_POINT_RENAME(unorm2_getNFCInstance)(int *status);
const void *U_ICU_ENTRY_POINT_RENAME(unorm2_getNFDInstance)(int *status);
const void *U_ICU_ENTRY_POINT_RENAME(unorm2_getNFKCCasefoldInstance)(int *status);
int32_t U_ICU_ENTRY_POINT_RENAME(unorm2_normalize)(
    const void *form, const uint16_t *text, int32_t length, uint16_t *result, int32_t capacity, int *status);

static inline const void *weir_nfc(int *status) { return U_ICU_ENTRY_POINT_RENAME(unorm2_getNFCInstance)(status); }

static inline const void *weir_nfd(int *status) { return U_ICU_ENTRY_POINT_RENAME(unorm2_getNFDInstance)(status); }

static inline const void *weir_nfkc_casefold(int *status) {
  return U_ICU_ENTRY_POINT_RENAME(unorm2_getNFKCCasefoldInstance)(status);
}

static inline int32_t weir_normalize(
    const void *form, const uint16_t *text, int32_t length, uint16_t *result, int32_t capacity, int *status) {
  return U_ICU_ENTRY_POINT_RENAME(unorm2_normalize)(form, text, length, result, capacity, status);
}

// Properties of characters (uchar.h).
int32_t U_ICU_ENTRY_POINT_RENAME(u_getIntPropertyValue)(int32_t character, int property);
int32_t U_ICU_ENTRY_POINT_RENAME(u_tolower)(int32_t character);
int32_t U_ICU_ENTRY_POINT_RENAME(u_toupper)(int32_t character);

enum {
  weir_property_ignorable = 5,         // UCHAR_DEFAULT_IGNORABLE_CODE_POINT
  weir_property_combining = 0x1002,    // UCHAR_CANONICAL_COMBINING_CLASS
  weir_property_category = 0x1005,     // UCHAR_GENERAL_CATEGORY
  weir_property_script = 0x100a,       // UCHAR_SCRIPT
  weir_property_nfc_check = 0x100e,    // UCHAR_NFC_QUICK_CHECK: 0 no, 1 yes, 2 maybe
};

static inline int32_t weir_property(int32_t character, int property) {
  return U_ICU_ENTRY_POINT_RENAME(u_getIntPropertyValue)(character, property);
}

static inline int32_t weir_to_lower(int32_t character) { return U_ICU_ENTRY_POINT_RENAME(u_tolower)(character); }

static inline int32_t weir_to_upper(int32_t character) { return U_ICU_ENTRY_POINT_RENAME(u_toupper)(character); }

// Transliteration (utrans.h).
void *U_ICU_ENTRY_POINT_RENAME(utrans_openU)(
    const uint16_t *name, int32_t length, int direction, const uint16_t *rules, int32_t rules_length, void *error,
    int *status);
void U_ICU_ENTRY_POINT_RENAME(utrans_transUChars)(
    const void *transliterator, uint16_t *text, int32_t *length, int32_t capacity, int32_t start, int32_t *limit,
    int *status);
void U_ICU_ENTRY_POINT_RENAME(utrans_close)(void *transliterator);

// By a name that ICU knows, forward.
static inline void *weir_transliterator_open(const uint16_t *name, int32_t length, int *status) {
  return U_ICU_ENTRY_POINT_RENAME(utrans_openU)(name, length, 0, 0, 0, 0, status);
}

// In place; `length` is that of the text, before and after.
static inline void weir_transliterate(
    const void *transliterator, uint16_t *text, int32_t *length, int32_t capacity, int *status) {
  int32_t limit = *length;
  U_ICU_ENTRY_POINT_RENAME(utrans_transUChars)(transliterator, text, length, capacity, 0, &limit, status);
}

static inline void weir_transliterator_close(void *transliterator) {
  U_ICU_ENTRY_POINT_RENAME(utrans_close)(transliterator);
}

// Confusables (uspoof.h); a checker that is not altered is shared by threads.
void *U_ICU_ENTRY_POINT_RENAME(uspoof_open)(int *status);
int32_t U_ICU_ENTRY_POINT_RENAME(uspoof_getSkeletonUTF8)(
    const void *checker, uint32_t type, const char *text, int32_t length, char *result, int32_t capacity, int *status);

static inline void *weir_spoof_open(int *status) { return U_ICU_ENTRY_POINT_RENAME(uspoof_open)(status); }

static inline int32_t weir_skeleton(
    const void *checker, const char *text, int32_t length, char *result, int32_t capacity, int *status) {
  return U_ICU_ENTRY_POINT_RENAME(uspoof_getSkeletonUTF8)(checker, 0, text, length, result, capacity, status);
}
