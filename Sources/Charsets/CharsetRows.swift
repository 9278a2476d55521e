/// The charsets of mail: preferred name, how it is read (`1:NAME` one octet a character, by iconv's name), then the
/// aliases of the IANA register, of the WHATWG standard and of the wild, of which letters and digits count.
enum CharsetRows {
  static let text = """
    UTF-8 utf8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 utf-8-bom utf8mb4 cp65001 windows-65001
    US-ASCII ascii us-ascii ascii ansi_x3.4-1968 ansi_x3.4-1986 iso_646.irv:1991 iso-646-us iso646-us iso-ir-6 us cp367 ibm367 csascii 646 20127 cp20127 7bit ansi_x3.4 us_ascii usascii
    UTF-7 utf7 unicode-1-1-utf-7 csunicode11utf7 x-unicode-2-0-utf-7 unicode20utf7 cp65000
    UTF-16LE utf16le utf-16 csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff ucs2 ucs-2le csutf16le csutf16 cp1200
    UTF-16BE utf16be unicodefffe ucs-2be csutf16be cp1201
    UTF-32LE utf32le utf-32 ucs-4le csutf32le csutf32 ucs4 iso-10646-ucs-4 csucs4
    UTF-32BE utf32be ucs-4be csutf32be
    GB18030 gb18030 gb18030-2000 gb18030-2005 gb18030-2022 csgb18030 gbk cp936 ms936 windows-936 csgbk chinese gb2312 gb_2312 gb_2312-80 gb2312-80 gb2312-1980 csgb2312 csiso58gb231280 iso-ir-58 euc-cn euccn x-euc-cn cn-gb cngb x-gbk x-mac-chinesesimp simplifiedchinese gb-2312 gb2312_charset hzgbk gb ibm1386 cp1386 54936 936 zh_cn-euc zh-gb2312 gb2312gbk
    Big5 big5 big5-hkscs cn-big5 csbig5 x-x-big5 x-big5 big5hkscs csbig5hkscs cp950 ms950 windows-950 big-5 chinesebig5 big5-eten big5eten x-mac-chinesetrad 950 cp951 hkscs-big5 big5hk big5-2003 traditionalchinese zh-big5
    HZ-GB-2312 hz hz hz-gb hzgb2312 cshzgb2312
    ISO-2022-CN iso2022cn csiso2022cn
    ISO-2022-CN-EXT iso2022cnext csiso2022cnext
    EUC-TW euctw x-euc-tw cns11643 cseuctw
    Shift_JIS shiftjis shift-jis shift_jis csshiftjis ms932 ms_kanji sjis windows-31j cswindows31j x-sjis cp932 windows-932 shiftjis-ms x-ms-cp932 932 x-mac-japanese ibm943 cp943
    Shift_JISX0213 shiftjisx0213 shift_jis-2004 shift_jisx0213 sjis-2004
    EUC-JP eucjp euc-jp cseucpkdfmtjapanese extended_unix_code_packed_format_for_japanese x-euc-jp x-euc ujis eucjp-ms eucjp-win eucjpms cp51932 51932 cp20932 x-eucjp japanese
    EUC-JISX0213 eucjisx0213 euc-jis-2004 eucjis2004
    ISO-2022-JP iso2022jp csiso2022jp jis iso-2022-jp-ms cp50220 cp50221 cp50222 50220 50221 iso2022jp-mobile x-iso2022jp jis7 junet
    ISO-2022-JP-1 iso2022jpx
    ISO-2022-JP-2 iso2022jpx csiso2022jp2
    ISO-2022-JP-3 iso2022jpx iso-2022-jp-2004
    EUC-KR euckr euc-kr cseuckr korean ks_c_5601-1987 ks_c_5601-1989 ks_c_5601 ksc5601 ksc_5601 ksc5601-1987 ksc5601-1992 ksx1001 ks_x_1001 csksc56011987 iso-ir-149 windows-949 uhc cp949 ms949 x-windows-949 949 5601 euckr-ms x-mac-korean ks_c5601 ksc kseuc
    Johab johab johab cp1361 ms1361 ksc5601-1992-johab 1361
    ISO-2022-KR iso2022kr csiso2022kr
    windows-1252 1:CP1252 iso-8859-1 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 latin1 l1 iso-ir-100 cp819 ibm819 csisolatin1 cp1252 x-cp1252 cswindows1252 ms-ansi ansi 1252 win1252 winlatin1 latin-1 iso8859 iso-8859 8859-1 8859 iso-latin-1 iso-latin1 windows-ansi 28591 iso-8859-1-windows-3.1-latin-1 isolatin1 western
    windows-1250 1:CP1250 cp1250 x-cp1250 cswindows1250 ms-ee 1250 win1250
    windows-1251 1:CP1251 cp1251 x-cp1251 cswindows1251 ms-cyrl 1251 win1251 win-1251 win windows
    windows-1253 1:CP1253 cp1253 x-cp1253 cswindows1253 ms-greek 1253 win1253
    windows-1254 1:CP1254 cp1254 x-cp1254 cswindows1254 ms-turk 1254 win1254 iso-8859-9 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 latin5 l5 iso-ir-148 csisolatin5 8859-9 28599
    windows-1255 1:CP1255 cp1255 x-cp1255 cswindows1255 ms-hebr 1255 win1255
    windows-1256 1:CP1256 cp1256 x-cp1256 cswindows1256 ms-arab 1256 win1256
    windows-1257 1:CP1257 cp1257 x-cp1257 cswindows1257 winbaltrim 1257 win1257
    windows-1258 1:CP1258 cp1258 x-cp1258 cswindows1258 1258 win1258
    windows-874 1:CP874 dos-874 cp874 ibm874 iso-8859-11 iso8859-11 iso885911 iso_8859-11 tis-620 tis620 tis620-0 tis620.2529-1 tis620.2533-0 iso-ir-166 cstis620 thai8 cswindows874 874
    ISO-8859-2 1:ISO-8859-2 csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2 latin-2 iso-latin-2 8859-2 28592
    ISO-8859-3 1:ISO-8859-3 csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3 8859-3 28593
    ISO-8859-4 1:ISO-8859-4 csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4 8859-4 28594
    ISO-8859-5 1:ISO-8859-5 csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988 8859-5 28595
    ISO-8859-6 1:ISO-8859-6 arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987 8859-6 28596
    ISO-8859-7 1:ISO-8859-7 csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek 8859-7 28597
    ISO-8859-8 1:ISO-8859-8 csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual 8859-8 28598
    ISO-8859-8-I 1:ISO-8859-8 csiso88598i logical iso_8859-8-i 38598
    ISO-8859-10 1:ISO-8859-10 csisolatin6 iso-ir-157 iso8859-10 iso885910 iso_8859-10:1992 l6 latin6 8859-10
    ISO-8859-13 1:ISO-8859-13 iso8859-13 iso885913 iso_8859-13 csiso885913 latin7 l7 8859-13 28603
    ISO-8859-14 1:ISO-8859-14 iso8859-14 iso885914 iso_8859-14 iso_8859-14:1998 iso-ir-199 latin8 l8 iso-celtic csiso885914 8859-14
    ISO-8859-15 1:ISO-8859-15 csisolatin9 csiso885915 iso8859-15 iso885915 iso_8859-15 iso_8859-15:1998 l9 latin9 latin-9 latin0 8859-15 28605 iso-8859-15-euro
    ISO-8859-16 1:ISO-8859-16 iso8859-16 iso_8859-16 iso_8859-16:2001 iso-ir-226 latin10 l10 csiso885916 8859-16
    KOI8-R 1:KOI8-R cskoi8r koi koi8 koi8_r koi8r cp878 20866 koi-8-r koi8-1
    KOI8-U 1:KOI8-U koi8-ru koi8u cskoi8u cp1168 21866
    KOI8-T 1:KOI8-T koi8t
    macintosh 1:MACINTOSH csmacintosh mac x-mac-roman macroman 10000
    x-mac-cyrillic 1:MAC-UK x-mac-ukrainian maccyrillic macukraine 10007
    x-mac-ce 1:MAC-CENTRALEUROPE mac-centraleurope x-mac-centraleurroman macce
    IBM437 1:CP437 cp437 437 cspc8codepage437 dos-437
    IBM737 1:CP737 cp737 737 dos-737
    IBM775 1:CP775 cp775 775 cspc775baltic
    IBM850 1:CP850 cp850 850 cspc850multilingual dos-850
    IBM852 1:CP852 cp852 852 cspcp852 dos-852
    IBM855 1:CP855 cp855 855 csibm855
    IBM857 1:CP857 cp857 857 csibm857
    IBM00858 1:CP858 cp858 858 ccsid00858 cp00858 pc-multilingual-850+euro csibm00858 ibm858
    IBM860 1:CP860 cp860 860 csibm860
    IBM861 1:CP861 cp861 861 cp-is csibm861
    IBM862 1:CP862 cp862 862 cspc862latinhebrew dos-862
    IBM863 1:CP863 cp863 863 csibm863
    IBM864 1:CP864 cp864 864 csibm864
    IBM865 1:CP865 cp865 865 csibm865
    IBM866 1:IBM866 866 cp866 csibm866 dos-866
    IBM869 1:CP869 cp869 869 cp-gr csibm869
    cp1125 1:CP1125 ruscii ibm1125 cp866u
    hp-roman8 1:HP-ROMAN8 roman8 r8 cshproman8
    ARMSCII-8 1:ARMSCII-8 armscii8
    Georgian-PS 1:GEORGIAN-PS
    VISCII 1:VISCII csviscii viscii1.1-1
    TCVN 1:TCVN tcvn tcvn-5712 tcvn5712-1 tcvn5712
    PTCP154 1:PT154 csptcp154 pt154 cp154 cyrillic-asian
    KZ-1048 1:RK1048 strk1048-2002 rk1048 cskz1048
    IBM037 1:IBM037 cp037 ebcdic-cp-us ebcdic-cp-ca ebcdic-cp-wt ebcdic-cp-nl csibm037
    IBM273 1:IBM273 cp273 csibm273
    IBM297 1:IBM297 cp297 ebcdic-cp-fr csibm297
    IBM500 1:IBM500 cp500 ebcdic-cp-be ebcdic-cp-ch csibm500
    IBM1026 1:IBM1026 cp1026 csibm1026
    IBM1047 1:IBM1047 cp1047 csibm1047
    """
}
