import Charsets

private let names = [
  "utf-8", "us-ascii", "utf-7", "utf-16", "utf-16be", "utf-32", "gb18030", "big5", "hz-gb-2312",
  "iso-2022-cn",
  "iso-2022-cn-ext", "euc-tw", "shift_jis", "shift_jisx0213", "euc-jp", "euc-jisx0213", "iso-2022-jp",
  "iso-2022-jp-2",
  "euc-kr", "johab", "iso-2022-kr", "windows-1252", "koi8-r", "windows-1251", "iso-8859-8", "ibm500", "tcvn",
]

/// Charsets: any octets by any label are valid text in NFC, bounded, and fold to what folds to itself.
let fuzzCharset: @Sendable ([UInt8]) -> Void = { bytes in
  guard let choice = bytes.first else { return }
  let octets = bytes.dropFirst()
  let name = names[Int(choice) % names.count]
  guard let charset = Charset.named(name) else { return promise(false, "no \(name)") }
  sound(charset.decode(octets), octets)
  sound(Charset.decode(octets, declared: name, isHeader: choice >= 128), octets)
  let read = Charset.decode(octets, declared: nil)
  sound(read, octets)
  let guess = CharsetGuess.of(octets)
  promise(guess.confidence >= 0 && guess.confidence <= 1, "a confidence of \(guess.confidence)")
  fold(read.text)
  // A label may be anything.
  _ = Charset.named(String(decoding: octets, as: UTF8.self))
}

private func sound(_ read: DecodedText, _ octets: ArraySlice<UInt8>) {
  let scalars = read.text.unicodeScalars
  promise(scalars.count <= 3 * octets.count + 1, "\(scalars.count) scalars of \(octets.count) octets")
  promise(read.malformed <= octets.count, "\(read.malformed) malformed")
  promise(read.malformed == 0 || scalars.contains("\u{fffd}"), "malformed, and no U+FFFD")
  let again = Charset.utf8.decode(ArraySlice(read.text.utf8)).text
  let isMarked = read.text.unicodeScalars.first == "\u{feff}"
  promise(isMarked || Array(again.utf8) == Array(read.text.utf8), "not in NFC")
}

private func fold(_ text: String) {
  let once = TextFolding.fold(text)
  promise(once.utf8.count <= 12 * text.utf8.count + 64, "folded to \(once.utf8.count) of \(text.utf8.count)")
  promise(Array(TextFolding.fold(once).utf8) == Array(once.utf8), "folds on: \(once.debugDescription)")
  promise(!once.hasPrefix(" ") && !once.utf8.starts(with: [0x20]), "a space before it")
  let skeleton = TextFolding.skeleton(text)
  promise(skeleton.utf8.count <= 64 * text.utf8.count + 64, "a skeleton of \(skeleton.utf8.count)")
}
