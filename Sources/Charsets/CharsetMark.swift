/// How well octets read by one charset make sense.
struct CharsetMark {
  let charset: Charset
  /// Points a character, where 1 is what plain text of that language has.
  let mean: Double
  let characters: Int

  /// The marks of all charsets that are guessed.
  static func all(_ sample: UnsafeBufferPointer<UInt8>, isCut: Bool) -> [CharsetMark] {
    MultiByteMark.Language.allCases.map { MultiByteMark.of(sample, $0, isCut: isCut) }
      + CyrillicMark.names.map { CyrillicMark.of(sample, $0, $1) } + [LatinMark.of(sample)]
  }
}

/// Marks for the charsets of Chinese, Japanese and Korean.
enum MultiByteMark {
  enum Language: CaseIterable { case gb18030, big5, shiftJIS, eucJP, eucKR }

  static func of(
    _ sample: UnsafeBufferPointer<UInt8>, _ language: Language, isCut: Bool
  ) -> CharsetMark {
    let (charset, table, usual) = traits(language)
    var points = 0.0
    var characters = 0
    var at = 0
    while at < sample.count {
      let octet = sample[at]
      guard octet >= 0x80 else {
        at += 1
        continue
      }
      characters += 1
      let single = table.singles[Int(octet)]
      guard single == MultiByteTable.lead else {
        points += single == 0 ? -8 : language == .shiftJIS ? -0.5 : -3
        at += 1
        continue
      }
      guard at + 1 < sample.count else {
        // A character that is cut off says nothing, or little.
        points -= isCut ? 0 : 1
        break
      }
      let trail = sample[at + 1]
      let character = table.pairs[Int(octet & 0x7f) << 8 | Int(trail)]
      if language == .gb18030, character == 0, trail >= 0x30, trail <= 0x39, at + 3 < sample.count,
        sample[at + 2] >= 0x81, sample[at + 3] >= 0x30, sample[at + 3] <= 0x39
      {
        points -= 1
        at += 4
        continue
      }
      guard character != 0 else {
        points -= 8
        at += trail < 0x80 ? 1 : 2
        continue
      }
      points += Self.points(language, octet, trail, character)
      // A letter with an accent amid letters looks like a pair, too.
      if trail < 0x80, at > 0, isLetter(sample[at - 1]), isLetter(trail) { points -= 4 }
      at += 2
    }
    let mean = characters == 0 ? 0 : points / Double(characters) / usual
    return CharsetMark(charset: charset, mean: mean, characters: characters)
  }

  private static func traits(_ language: Language) -> (Charset, MultiByteTable, Double) {
    switch language {
    case .gb18030: (.gb18030, .gb18030, 2.6)
    case .big5: (.big5, .big5, 2.6)
    case .shiftJIS: (Charset(known: "Shift_JIS"), .shiftJIS, 2.4)
    case .eucJP: (Charset(known: "EUC-JP"), .eucJP, 2.4)
    case .eucKR: (Charset(known: "EUC-KR"), .eucKR, 2.6)
    }
  }

  private static func isLetter(_ octet: UInt8) -> Bool {
    octet | 0x20 >= 0x61 && octet | 0x20 <= 0x7a
  }

  private static func points(
    _ language: Language, _ lead: UInt8, _ trail: UInt8, _ character: UInt32
  ) -> Double {
    switch language {
    case .gb18030: chinese(lead, trail, character)
    case .big5: taiwanese(lead, trail, character)
    case .shiftJIS, .eucJP: japanese(lead, character, isShiftJIS: language == .shiftJIS)
    case .eucKR: korean(lead, trail, character)
    }
  }

  private static func chinese(_ lead: UInt8, _ trail: UInt8, _ character: UInt32) -> Double {
    if FrequentCharacters.chinese.holds(character) { return trail >= 0xa1 && lead >= 0xb0 ? 4 : 3 }
    if isPrivate(character) { return -6 }
    guard trail >= 0xa1 else { return -2 }
    switch lead {
    case 0xb0...0xd7: return 1.5
    case 0xd8...0xf7: return -1
    case 0xa1, 0xa3: return 1.5
    case 0xa4, 0xa5: return -0.5
    default: return -2
    }
  }

  private static func taiwanese(_ lead: UInt8, _ trail: UInt8, _ character: UInt32) -> Double {
    if FrequentCharacters.chinese.holds(character) { return 4 }
    if isPrivate(character) { return -6 }
    switch lead {
    case 0xa4...0xc5: return 1.2
    case 0xc6: return trail < 0x7f ? 1.2 : -2
    case 0xa1...0xa3: return 1.5
    case 0xc9...0xf9: return -1.5
    default: return -3
    }
  }

  private static func japanese(_ lead: UInt8, _ character: UInt32, isShiftJIS: Bool) -> Double {
    switch character {
    case 0x3041...0x3093: return 4
    case 0x30a1...0x30fc: return 2.5
    case 0x3000...0x3002, 0x300c, 0x300d, 0xff01...0xff5e: return 1.5
    case 0xff61...0xff9f: return -1
    case 0xe000...0xf8ff: return -6
    case 0x4e00...0x9fff:
      let isFirstLevel = isShiftJIS ? lead <= 0x98 : lead <= 0xcf
      if !isFirstLevel { return -1.5 }
      return FrequentCharacters.chinese.holds(character) ? 2 : 1.2
    default: return lead == 0x81 || lead == 0xa1 ? 0.5 : -3
    }
  }

  private static func korean(_ lead: UInt8, _ trail: UInt8, _ character: UInt32) -> Double {
    switch character {
    case 0xac00...0xd7a3:
      if FrequentCharacters.korean.holds(character) { return 4 }
      return lead >= 0xb0 && trail >= 0xa1 ? 1.5 : -2.5
    case 0x4e00...0x9fff, 0xf900...0xfaff: return -1.5
    case 0xe000...0xf8ff: return -6
    default: return lead >= 0xa1 && lead <= 0xa3 ? 0.5 : -3
    }
  }

  private static func isPrivate(_ character: UInt32) -> Bool { character >= 0xe000 && character <= 0xf8ff }
}

/// Marks for the charsets of Russian.
enum CyrillicMark {
  static let names = [
    ("windows-1251", "CP1251"), ("KOI8-R", "KOI8-R"), ("ISO-8859-5", "ISO-8859-5"), ("IBM866", "IBM866"),
  ]

  static func of(_ sample: UnsafeBufferPointer<UInt8>, _ name: String, _ table: String) -> CharsetMark {
    let scalars = SingleByteTable.named(table).scalars
    var points = 0.0
    var characters = 0
    var before: UInt32 = 0
    for (index, octet) in sample.enumerated() {
      let scalar = scalars[Int(octet)]
      if octet >= 0x80 {
        characters += 1
        let next = index + 1 < sample.count ? scalars[Int(sample[index + 1])] : 0
        points += Self.points(scalar, before, next)
      }
      before = scalar
    }
    let mean = characters == 0 ? 0 : points / Double(characters) / 1.6
    return CharsetMark(charset: Charset(known: name), mean: mean, characters: characters)
  }

  private static func points(_ scalar: UInt32, _ before: UInt32, _ next: UInt32) -> Double {
    guard isCyrillic(scalar) else {
      return [0xa0, 0xab, 0xbb, 0x2013, 0x2014, 0x2116].contains(scalar) ? 0.5 : -2
    }
    if isLatin(before) || isLatin(next) { return -3 }
    // Words of one letter are few: a text that has no others is dashes, spaces and currency signs of another charset.
    guard isCyrillic(before) || isCyrillic(next) else { return 0 }
    // And so are letters doubled, but for those in a longer word.
    if scalar == before || scalar == next { return 0.5 }
    switch scalar {
    case 0x0430...0x044f: return frequent.contains(scalar) ? 2.2 : rare.contains(scalar) ? 0 : 1.3
    case 0x0410...0x042f:
      // Capitals begin words, or make up whole ones.
      if before >= 0x0430 && before <= 0x044f { return -3 }
      return rare.contains(scalar + 0x20) ? -0.3 : 0.9
    case 0x0401, 0x0451: return 0.8
    default: return -2
    }
  }

  private static let frequent = Set("оеаинтсрвл".unicodeScalars.map(\.value))
  private static let rare = Set("жшюцщэфъхч".unicodeScalars.map(\.value))

  private static func isLatin(_ scalar: UInt32) -> Bool { scalar | 0x20 >= 0x61 && scalar | 0x20 <= 0x7a }
  private static func isCyrillic(_ scalar: UInt32) -> Bool { scalar >= 0x0400 && scalar <= 0x045f }
}

/// The mark for windows-1252, which every octet is some character of: letters with accents stand alone amid others.
enum LatinMark {
  static func of(_ sample: UnsafeBufferPointer<UInt8>) -> CharsetMark {
    var points = 0.0
    var characters = 0
    let isTurkish = isTurkish(sample)
    for (index, octet) in sample.enumerated() where octet >= 0x80 {
      characters += 1
      let before = index > 0 ? sample[index - 1] : 0x20
      let after = index + 1 < sample.count ? sample[index + 1] : 0x20
      let isAlone = before < 0x80 && after < 0x80
      let isInWord = isLetter(before) || isLetter(after)
      let isRepeated = octet == before || octet == after
      if isTurkish, isTurkishOnly(octet) {
        points += isAlone && isInWord ? 3 : 0
        continue
      }
      switch octet {
      case 0x81, 0x8d, 0x8f, 0x90, 0x9d: points -= 6
      case 0xdf, 0xe0...0xef, 0xf1...0xf6, 0xf8...0xfc:
        points += isAlone ? (isInWord ? 3 : 1) : -1
      case 0xc0...0xde, 0xf0, 0xfd...0xff: points += isAlone ? (isInWord ? 1.5 : 0.5) : -1.5
      case 0x85, 0x91...0x97, 0x99, 0xa0, 0xa3, 0xa9, 0xab, 0xae, 0xb0, 0xb7, 0xbb, 0x80:
        points += isAlone ? 1.5 : isRepeated ? 1 : 0.3
      default: points -= 1
      }
    }
    let mean = characters == 0 ? 0 : points / Double(characters) / 2.5
    let charset = isTurkish ? Charset(known: "windows-1254") : .windows1252
    return CharsetMark(charset: charset, mean: mean, characters: characters)
  }

  /// Whether windows-1254 has another letter there than windows-1252.
  private static func isTurkishOnly(_ octet: UInt8) -> Bool {
    switch octet {
    case 0xd0, 0xdd, 0xde, 0xf0, 0xfd, 0xfe: true
    default: false
    }
  }

  /// Whether the letters in which windows-1254 differs are many, as in Turkish, and those that Icelandic has beside
  /// them are missing.
  private static func isTurkish(_ sample: UnsafeBufferPointer<UInt8>) -> Bool {
    var own = 0
    var common = 0
    for (index, octet) in sample.enumerated() where octet >= 0xc0 {
      if isTurkishOnly(octet) {
        // ı stands in words, and Icelandic's þ begins them.
        if index > 0, isLetter(sample[index - 1]) { own += 1 }
        continue
      }
      switch octet {
      case 0xc7, 0xd6, 0xdc, 0xe2, 0xe7, 0xee, 0xf6, 0xfb, 0xfc: common += 1
      default: return false
      }
    }
    return own > 1 && own * 4 >= common
  }

  private static func isLetter(_ octet: UInt8) -> Bool { octet | 0x20 >= 0x61 && octet | 0x20 <= 0x7a }
}
