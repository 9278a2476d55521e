/// Text made so that nobody can disguise it: what looks or reads the same becomes the same.
public enum TextFolding {
  /// The folded view of `text`, in which rules look for words.
  ///
  /// Width and other compatibility forms, letter case, traditional and simplified Chinese are made one; invisible and
  /// format characters, strokes through letters and marks that no letter is written with are left out; white space is
  /// one space, none at the ends and none between ideographs or between an ideograph and punctuation. Letters of other
  /// alphabets that look Latin become Latin in words that mix alphabets, and in words that hold nothing else in a text
  /// that has no real words of that alphabet; Latin letters in a word of another alphabet become letters of that
  /// one. Spaced-out Latin letters stay so.
  ///
  /// The same text gives the same view on every machine with the same ICU, and a folded text folds to itself.
  public static func fold(_ text: String) -> String {
    var text = text
    return text.withUTF8 { Folder.fold($0) }
  }

  /// Makes the tables that folding, skeletons and guesses read, which would else be made when the first message asks for
  /// them: some 0.1 s of one thread, and nothing when they are there.
  public static func prepare() {
    _ = skeleton(fold("в"))
    _ = CharsetGuess.of([0xd0, 0xff][...])
  }

  /// What `text` looks like (UTS #39 §4): two names with one skeleton can be taken for each other.
  ///
  /// Deviation: cases are folded before and after, and accents are left out, for `ехämple.com` is to be found, too.
  public static func skeleton(_ text: String) -> String { LookAlikes.skeleton(text) }
}

/// One pass over a text.
private struct Folder {
  private let source: UnsafeBufferPointer<UInt8>
  private let table: FoldingTable
  /// Whether words that hold nothing but look-alikes of Latin are Latin.
  private let takesForLatin: Bool

  private var result: [UInt8] = []
  private var hasSpace = false
  private var last = FoldingTable.Kind.space
  private var needsComposing = false
  private var hasMixture = false
  private var word: Word?
  /// Words of other alphabets: those that could be nothing else, and those that could be Latin.
  private var real = 0
  private var alike = 0

  private struct Word {
    let sourceStart: Int
    let resultStart: Int
    var hasLatin = false
    var hasOther = false
  }

  static func fold(_ source: UnsafeBufferPointer<UInt8>) -> String {
    var folder = Folder(source, takesForLatin: false)
    folder.run()
    if folder.hasMixture {
      var expanded = expanded(source)
      return expanded.withUTF8 { foldExpanded($0) }
    }
    return folder.finished()
  }

  /// Characters that stand for several of different kinds, written as those: then they belong to the words beside them.
  private static func expanded(_ source: UnsafeBufferPointer<UInt8>) -> String {
    let table = FoldingTable.shared
    var result: [UInt8] = []
    var at = 0
    while at < source.count {
      let (scalar, length) = UTF8Text.scalar(source, at)
      let entry = table.entry(scalar)
      if FoldingTable.isMixture(entry) {
        table.append(entry, to: &result)
      } else {
        result += source[at..<min(at + length, source.count)]
      }
      at += length
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func foldExpanded(_ source: UnsafeBufferPointer<UInt8>) -> String {
    var folder = Folder(source, takesForLatin: false)
    folder.run()
    return folder.finished()
  }

  /// The text of a pass, or of another one where its words say so.
  private func finished() -> String {
    var folder = self
    if folder.alike > folder.real {
      folder = Folder(source, takesForLatin: true)
      folder.run()
    }
    let text = String(decoding: folder.result, as: UTF8.self)
    return folder.needsComposing ? Self.withoutStrayMarks(NormalForm.nfc.of(text)) : text
  }

  private init(_ source: UnsafeBufferPointer<UInt8>, takesForLatin: Bool) {
    self.source = source
    self.takesForLatin = takesForLatin
    table = .shared
    result.reserveCapacity(source.count + 16)
  }

  private mutating func run() {
    var at = 0
    table.entries.withUnsafeBufferPointer { entries in
      while at < source.count {
        let (scalar, length) = UTF8Text.scalar(source, at)
        let entry = FoldingTable.entry(scalar, entries)
        if FoldingTable.isMixture(entry) { hasMixture = true }
        take(entry, at)
        at += length
      }
    }
    endWord(at)
  }

  @inline(__always)
  private mutating func take(_ entry: UInt32, _ at: Int) {
    let kind = FoldingTable.kind(entry)
    switch kind {
    case .removed: return
    case .space:
      endWord(at)
      hasSpace = true
      return
    case .letter:
      if hasSpace { space(before: kind) }
      if word == nil { word = Word(sourceStart: at, resultStart: result.count) }
      switch FoldingTable.alphabet(entry) {
      case .none: break
      case .latin: word?.hasLatin = true
      default: word?.hasOther = true
      }
    case .mark:
      if hasSpace { space(before: kind) }
      needsComposing = needsComposing || FoldingTable.needsComposing(entry)
    case .ideograph, .punctuation:
      if word != nil { endWord(at) }
      if hasSpace { space(before: kind) }
    }
    if FoldingTable.needsComposing(entry) { needsComposing = true }
    if kind != .mark { last = kind }
    table.append(entry, to: &result)
  }

  private mutating func space(before kind: FoldingTable.Kind) {
    hasSpace = false
    if result.isEmpty { return }
    let isClosed =
      kind == .ideograph && (last == .ideograph || last == .punctuation)
      || kind == .punctuation && last == .ideograph
    if !isClosed { result.append(0x20) }
  }

  @inline(__always)
  private mutating func endWord(_ at: Int) {
    guard let ended = word else { return }
    word = nil
    if ended.hasOther { resolve(ended, at) }
  }

  /// A word with letters of another alphabet: which alphabet it is of.
  private mutating func resolve(_ ended: Word, _ end: Int) {
    let octets = UnsafeBufferPointer(rebasing: source[ended.sourceStart..<end])
    let letters = LookAlikes.letters(octets)
    let replaced: [UInt8]?
    if ended.hasLatin {
      replaced = LookAlikes.unmixed(letters)
      if replaced == nil { real += 1 }
    } else {
      switch LookAlikes.whole(letters) {
      case .none:
        real += 1
        return
      case .some(let latin):
        if letters.count > 1 { alike += 1 }
        replaced = takesForLatin ? latin : nil
      }
    }
    guard let replaced else { return }
    result.removeSubrange(ended.resultStart...)
    result += replaced
  }

  /// Accents that belong to no letter of any language stand on ASCII letters to hide them.
  private static func withoutStrayMarks(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var isOnASCII = false
    for scalar in text.unicodeScalars {
      if (0x300...0x36f).contains(scalar.value), isOnASCII { continue }
      isOnASCII = scalar.isASCII && scalar.value > 0x20
      result.append(scalar)
    }
    return String(result)
  }
}
