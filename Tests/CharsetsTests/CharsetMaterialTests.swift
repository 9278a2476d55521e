import Charsets
import Foundation
import TestSupport
import Testing

@Suite struct CharsetMaterialTests {
  fileprivate struct Vector: Decodable, CustomStringConvertible {
    let op: String
    let label: String
    let bytes_hex: String
    let text: String

    var octets: [UInt8] {
      let digits = Array(bytes_hex.utf8)
      return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)
      }
    }
    var description: String { "\(op) \(label) \(bytes_hex)" }
  }

  /// What is to be decoded; and what was encoded and is to come back, where the charset could say it.
  @Test(needsMaterial("charset/vectors.json"))
  func vectors() throws {
    let vectors = try Material.decode([Vector].self, from: "charset/vectors.json")
    let short = Material.judge("charset/decode", vectors.filter { $0.op == "decode" }) { one in
      guard let charset = Charset.named(one.label) else { return "no charset" }
      let read = charset.decode(one.octets[...]).text
      return read == one.text ? nil : "\(read.debugDescription), not \(one.text.debugDescription)"
    }
    #expect(short.isEmpty)
    let encoded = vectors.filter {
      $0.op == "encode" && !String(decoding: $0.octets, as: UTF8.self).contains("&#")
    }
    let other = Material.judge("charset/encode, read back", encoded) { one in
      guard let charset = Charset.named(one.label) else { return "no charset" }
      let read = charset.decode(one.octets[...])
      // Encoders write some characters as the nearest that the charset has: they come back as those.
      let isNear =
        TextFolding.fold(read.text) == TextFolding.fold(one.text) || read.malformed == 0 && one.isOneWay
      return read.text == one.text || isNear
        ? nil : "\(read.text.debugDescription), not \(one.text.debugDescription)"
    }
    #expect(other.isEmpty)
  }

  private struct Pair: CustomStringConvertible {
    let name: String
    var description: String { name }
  }

  @Test(needsMaterial("charset-cjk"))
  func pairs() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Material.folder + "/charset-cjk")
    let pairs = files.filter { $0.hasSuffix("-utf8.txt") }.map { Pair(name: String($0.dropLast(9))) }
      .sorted { $0.name < $1.name }
    #expect(!pairs.isEmpty)
    let short = try Material.judge("charset-cjk", pairs) { one in
      let octets = try readBytes(atPath: "\(Material.folder)/charset-cjk/\(one.name).txt")
      let text = String(
        decoding: try readBytes(atPath: "\(Material.folder)/charset-cjk/\(one.name)-utf8.txt"), as: UTF8.self)
      guard Charset.named(one.name) != nil else { return "no charset" }
      let read = Charset.decode(octets[...], declared: one.name)
      if read.isGuessed { return "taken for \(read.charset)" }
      if read.malformed > 0 { return "\(read.malformed) malformed" }
      return read.text == text ? nil : "another text: \(read.text)"
    }
    #expect(short.isEmpty)
  }
}

extension CharsetMaterialTests.Vector {
  /// `¥` and `‾` of Shift_JIS and EUC-JP become ASCII by the WHATWG standard, half-width marks of sound full-width ones.
  fileprivate var isOneWay: Bool { ["¥", "‾", "\u{ff9e}", "\u{ff9f}"].contains(text) }
}
