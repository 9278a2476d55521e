#if Locations
  internal import CMaxMindDB
  internal import Filtering
  internal import Glibc
  internal import NetAddress

  /// One file in MaxMind's format (MaxMind DB file format 2.0), of countries, cities or networks.
  final class LocationFile: Sendable {
    // An open MMDB_s is only read (libmaxminddb(3)); as a number it can be shared.
    private let handle: UInt

    /// - Parameter path: a regular file. It is copied first: whoever writes over it later, or cuts it short, does
    ///   nothing to what is read here.
    init(_ path: String) throws(LocationError) {
      let copy = try FileCopy.of(path)
      let database = UnsafeMutablePointer<MMDB_s>.allocate(capacity: 1)
      database.initialize(to: MMDB_s())
      let status = copy.withPath { MMDB_open($0, UInt32(MMDB_MODE_MMAP), database) }
      guard status == MMDB_SUCCESS else {
        database.deallocate()
        throw LocationError("\(path): no file in MaxMind's format, or a damaged one: \(Self.words(status))")
      }
      handle = UInt(bitPattern: database)
      guard Self.isRead(database) else {
        throw LocationError("\(path): a damaged file: it cannot be searched")
      }
    }

    deinit {
      let database = UnsafeMutablePointer<MMDB_s>(bitPattern: handle)
      MMDB_close(database)
      database?.deallocate()
    }

    /// What the file says of an address; nothing where it does not know it, or where what it says is damaged.
    func location(of address: IPAddress) -> Location {
      guard let database = UnsafePointer<MMDB_s>(bitPattern: handle),
        var entry = Self.find(address, database)
      else { return Location() }
      return Location(
        country: Self.country(&entry), network: Self.network(&entry), networkName: Self.networkName(&entry))
    }

    private static func find(_ address: IPAddress, _ database: UnsafePointer<MMDB_s>) -> MMDB_entry_s? {
      var status: Int32 = 0
      let result =
        if let v4 = address.v4 {
          lookUp(
            sockaddr_in(
              sin_family: sa_family_t(AF_INET), sin_port: 0, sin_addr: in_addr(s_addr: v4.bigEndian),
              sin_zero: (0, 0, 0, 0, 0, 0, 0, 0)), database, &status)
        } else {
          lookUp(socketAddress(address), database, &status)
        }
      return status == MMDB_SUCCESS && result.found_entry ? result.entry : nil
    }

    private static func socketAddress(_ address: IPAddress) -> sockaddr_in6 {
      var socket = sockaddr_in6()
      socket.sin6_family = sa_family_t(AF_INET6)
      withUnsafeMutableBytes(of: &socket.sin6_addr) { octets in
        octets.storeBytes(of: address.high.bigEndian, as: UInt64.self)
        octets.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      return socket
    }

    private static func lookUp<Address>(
      _ address: Address, _ database: UnsafePointer<MMDB_s>, _ status: inout Int32
    ) -> MMDB_lookup_result_s {
      withUnsafePointer(to: address) { address in
        address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          MMDB_lookup_sockaddr(database, $0, &status)
        }
      }
    }

    /// Whether the tree leads somewhere for addresses here and there: a file whose pages are rubbish shows at once.
    private static func isRead(_ database: UnsafePointer<MMDB_s>) -> Bool {
      stride(from: UInt32(0x0100_0001), to: 0xe000_0000, by: 0x0200_0000).allSatisfy { v4 in
        var status: Int32 = 0
        _ = lookUp(
          sockaddr_in(
            sin_family: sa_family_t(AF_INET), sin_port: 0, sin_addr: in_addr(s_addr: v4.bigEndian),
            sin_zero: (0, 0, 0, 0, 0, 0, 0, 0)), database, &status)
        return status == MMDB_SUCCESS
      }
    }

    private static func words(_ status: Int32) -> String {
      MMDB_strerror(status).map { String(cString: $0) } ?? "\(status)"
    }
  }

  /// What an entry says. Several providers write this format, each with its own words.
  extension LocationFile {
    private static func country(_ entry: inout MMDB_entry_s) -> String? {
      for path in [
        ["country", "iso_code"], ["registered_country", "iso_code"], ["country_code"], ["country"],
      ] {
        guard let text = value(path, &entry)?.text, text.utf8.count == 2,
          text.utf8.allSatisfy({ ($0 | 0x20) &- 0x61 < 26 })
        else { continue }
        return text.uppercased()
      }
      return nil
    }

    private static func network(_ entry: inout MMDB_entry_s) -> UInt32? {
      for path in [["autonomous_system_number"], ["asn"]] {
        guard let value = value(path, &entry) else { continue }
        if let number = value.number { return number }
        if let text = value.text, let number = UInt32(text.hasPrefix("AS") ? text.dropFirst(2) : text[...]) {
          return number
        }
      }
      return nil
    }

    private static func networkName(_ entry: inout MMDB_entry_s) -> String? {
      for path in [["autonomous_system_organization"], ["as_name"], ["name"]] {
        if let text = value(path, &entry)?.text, !text.isEmpty { return text }
      }
      return nil
    }

    private struct Value {
      var text: String?
      var number: UInt32?
    }

    private static func value(_ path: [String], _ entry: inout MMDB_entry_s) -> Value? {
      var words = path.map { UnsafePointer(strdup($0)) }
      defer { for word in words { free(UnsafeMutablePointer(mutating: word)) } }
      words.append(nil)
      var data = MMDB_entry_data_s()
      guard MMDB_aget_value(&entry, &data, &words) == MMDB_SUCCESS, data.has_data else { return nil }
      switch Int32(data.type) {
      case MMDB_DATA_TYPE_UTF8_STRING:
        guard let start = data.utf8_string else { return nil }
        // Bound: a name that people read.
        let octets = UnsafeRawBufferPointer(start: start, count: min(Int(data.data_size), 256))
        return Value(text: String(decoding: octets, as: UTF8.self))
      case MMDB_DATA_TYPE_UINT32: return Value(number: data.uint32)
      case MMDB_DATA_TYPE_UINT16: return Value(number: UInt32(data.uint16))
      case MMDB_DATA_TYPE_UINT64: return Value(number: UInt32(exactly: data.uint64))
      default: return nil
      }
    }
  }
#endif
