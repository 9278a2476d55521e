internal import Bytes
internal import NetAddress

/// Reads the data of records as they stand in an answer, their names written out (RFC 1035 §3.3, RFC 3596 §2.2).
public enum RecordParser {
  /// Bound: records of an answer; of more only the first in the order of their octets are read, always the same.
  public static let mostRecords = 256
  /// Bound: octets of all texts of an answer together; more is as good as malformed.
  public static let mostText = 32 << 10

  /// What an answer without an error says.
  ///
  /// A name that nothing in mail can have (an octet outside printable ASCII, or a dot within a label) is left out
  /// with its record.
  ///
  /// - Returns: `.records`, in the order of their octets, or `.noData` where there is none that counts;
  ///   `.failed(.server(code: 0))` where one is malformed or there is too much text.
  public static func answer(_ type: RecordType, _ data: [[UInt8]]) -> DNSAnswer {
    var records: [RecordData] = []
    var text = 0
    for octets in ordered(data).prefix(mostRecords) {
      do throws(RecordFault) {
        let record = try record(type, octets)
        if case .text(let octets) = record { text += octets.count }
        guard text <= mostText else { return .failed(.server(code: 0)) }
        records.append(record)
      } catch {
        switch error {
        case .malformed: return .failed(.server(code: 0))
        case .unspeakable: continue
        }
      }
    }
    return records.isEmpty ? .noData : .records(records)
  }

  /// Servers rotate their records; nobody's verdict may hang on that.
  private static func ordered(_ data: [[UInt8]]) -> [[UInt8]] {
    data.count < 2 ? data : data.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Why a record is not read.
  enum RecordFault: Error {
    case malformed
    /// A name in it is sound in DNS and none that can be written down here.
    case unspeakable
  }

  static func record(_ type: RecordType, _ octets: [UInt8]) throws(RecordFault) -> RecordData {
    var rest = octets[...]
    let record: RecordData
    switch type {
    case .a:
      guard rest.count == 4 else { throw .malformed }
      record = .address(IPAddress(v4: UInt32(truncatingIfNeeded: number(&rest, 4))))
    case .aaaa:
      guard rest.count == 16 else { throw .malformed }
      let high = number(&rest, 8)
      record = .address(IPAddress(high: high, low: number(&rest, 8)))
    case .ptr, .ns: record = .name(try name(&rest))
    case .mx:
      guard rest.count > 2 else { throw .malformed }
      let preference = UInt16(truncatingIfNeeded: number(&rest, 2))
      record = .exchange(preference: preference, try name(&rest))
    case .txt: record = .text(try text(&rest))
    case .soa:
      let primary = try name(&rest)
      record = .authority(primary: primary, mailbox: try name(&rest))
      guard rest.count == 20 else { throw .malformed }
      rest = []
    }
    guard rest.isEmpty else { throw .malformed }
    return record
  }

  /// The caller has seen that so many octets are there.
  private static func number(_ rest: inout ArraySlice<UInt8>, _ count: Int) -> UInt64 {
    let value = rest.prefix(count).reduce(0) { $0 << 8 | UInt64($1) }
    rest = rest.dropFirst(count)
    return value
  }

  /// Labels up to the empty one, at most 255 octets with their lengths; no compression (RFC 1035 §3.1).
  private static func name(_ rest: inout ArraySlice<UInt8>) throws(RecordFault) -> DNSName {
    var written: [UInt8] = []
    var length = 0
    var isSpeakable = true
    while let count = rest.popFirst() {
      length += 1 + Int(count)
      guard count <= 63, length <= 255, rest.count >= count else { throw .malformed }
      if count == 0 {
        if written.isEmpty { return .root }
        written.removeLast()
        guard isSpeakable, let name = DNSName(String(decoding: written, as: UTF8.self)) else {
          throw .unspeakable
        }
        return name
      }
      for octet in rest.prefix(Int(count)) {
        if octet <= 0x20 || octet >= 0x7f || octet == .dot { isSpeakable = false }
        written.append(octet)
      }
      written.append(.dot)
      rest = rest.dropFirst(Int(count))
    }
    throw .malformed
  }

  /// Strings with their lengths, joined.
  private static func text(_ rest: inout ArraySlice<UInt8>) throws(RecordFault) -> [UInt8] {
    guard !rest.isEmpty else { throw .malformed }
    var text: [UInt8] = []
    text.reserveCapacity(rest.count)
    while let count = rest.popFirst() {
      guard rest.count >= count else { throw .malformed }
      text += rest.prefix(Int(count))
      rest = rest.dropFirst(Int(count))
    }
    return text
  }
}
