#if Hyperscan
  internal import CHyperscan
  internal import Synchronization

  /// The library's own database, and the room that scans work in.
  final class ScanEngine: Sendable {
    // A database is not written to once it is made; as a number it can be shared.
    private let databases: [UInt]
    /// Room for scans that nobody is using: each scan needs one of its own.
    private let idle: Mutex<[UInt]>

    /// Bound: rooms kept for the next scan.
    private static let mostIdle = 32

    private init?(_ databases: [OpaquePointer]) {
      var scratch: OpaquePointer?
      // Room that is large enough for each of them.
      for database in databases where hs_alloc_scratch(database, &scratch) != HS_SUCCESS {
        hs_free_scratch(scratch)
        scratch = nil
        break
      }
      guard let scratch else {
        for database in databases { hs_free_database(database) }
        return nil
      }
      self.databases = databases.map { UInt(bitPattern: $0) }
      idle = Mutex([UInt(bitPattern: scratch)])
    }

    deinit {
      idle.withLock { for scratch in $0 { hs_free_scratch(OpaquePointer(bitPattern: scratch)) } }
      for database in databases { hs_free_database(OpaquePointer(bitPattern: database)) }
    }

    static let library: String? = {
      guard hs_valid_platform() == HS_SUCCESS, let version = hs_version() else { return nil }
      var platform = hs_platform_info_t()
      guard hs_populate_platform(&platform) == HS_SUCCESS else { return nil }
      return "hyperscan \(String(cString: version)) \(platform.tune) \(platform.cpu_features)"
    }()

    private static func flags(_ member: PatternSet.Member, _ kind: ScanDatabase.Kind) -> UInt32 {
      var flags = UInt32(HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY)
      if member.options.contains(.caseless) { flags |= UInt32(HS_FLAG_CASELESS) }
      if member.options.contains(.multiline) { flags |= UInt32(HS_FLAG_MULTILINE) }
      if member.options.contains(.dotAll) { flags |= UInt32(HS_FLAG_DOTALL) }
      if member.options.contains(.characters) { flags |= UInt32(HS_FLAG_UTF8) }
      if kind == .candidate { flags |= UInt32(HS_FLAG_PREFILTER) }
      return flags
    }

    /// What the scan can say of an expression, as far as can be told without compiling it.
    static func kind(of member: PatternSet.Member) -> ScanDatabase.Kind {
      let expression = ScanExpression(member)
      if expression.isSame, isTaken(expression.text, flags(member, .exact)) { return .exact }
      guard isTaken(expression.text, flags(member, .candidate)) else { return .unscanned }
      return ScanWidth.isTooMuch(member.text) ? .unscanned : .candidate
    }

    private static func isTaken(_ text: String, _ flags: UInt32) -> Bool {
      var info: UnsafeMutablePointer<hs_expr_info_t>?
      var fault: UnsafeMutablePointer<hs_compile_error_t>?
      let result = hs_expression_info(text, flags, &info, &fault)
      hs_free_compile_error(fault)
      // The library's default allocator is malloc.
      free(info)
      return result == HS_SUCCESS
    }

    /// Makes databases of all members, and sets the kind of those that cannot be taken as they were asked for.
    static func compile(_ members: [PatternSet.Member], _ kinds: inout [ScanDatabase.Kind]) -> ScanEngine? {
      var databases: [OpaquePointer] = []
      for part in ScanParts.parts(members, kinds) {
        if let database = compile(members, &kinds, part) { databases.append(database) }
      }
      return databases.isEmpty ? nil : ScanEngine(databases)
    }

    /// Bound: expressions of a part that are refused only when all of it is compiled together.
    private static let mostAttempts = 200

    /// nil where nothing is left of the part.
    private static func compile(
      _ members: [PatternSet.Member], _ kinds: inout [ScanDatabase.Kind], _ part: [Int]
    ) -> OpaquePointer? {
      // The library says which one it stumbles over (one that is too large, say) only when it compiles them all.
      for _ in 0..<mostAttempts {
        let places = part.filter { kinds[$0] != .unscanned }
        guard !places.isEmpty else { return nil }
        switch attempt(members, kinds, places) {
        case .made(let database): return database
        case .refused(let place): kinds[place] = kinds[place] == .exact ? .candidate : .unscanned
        case .failed:
          for place in places { kinds[place] = .unscanned }
        }
      }
      for place in part { kinds[place] = .unscanned }
      return nil
    }

    private enum Attempt {
      case made(OpaquePointer)
      /// The member at that place cannot be taken as it was asked for.
      case refused(Int)
      case failed
    }

    private static func attempt(
      _ members: [PatternSet.Member], _ kinds: [ScanDatabase.Kind], _ places: [Int]
    ) -> Attempt {
      let texts = places.map { ScanExpression(members[$0]).text.utf8CString }
      let flags = places.map { self.flags(members[$0], kinds[$0]) }
      let names = places.map { UInt32($0) }
      var database: OpaquePointer?
      var fault: UnsafeMutablePointer<hs_compile_error_t>?
      let result = withPointers(to: texts) { pointers in
        hs_compile_multi(
          pointers, flags, names, UInt32(places.count), UInt32(HS_MODE_BLOCK), nil, &database, &fault)
      }
      defer { hs_free_compile_error(fault) }
      guard result == HS_SUCCESS, let database else {
        guard let fault, fault.pointee.expression >= 0, Int(fault.pointee.expression) < places.count else {
          return .failed
        }
        return .refused(places[Int(fault.pointee.expression)])
      }
      return .made(database)
    }

    /// Calls with an array of pointers to texts, all in one piece of memory.
    private static func withPointers<Result>(
      to texts: [ContiguousArray<CChar>], _ body: ([UnsafePointer<CChar>?]) -> Result
    ) -> Result {
      var all: [CChar] = []
      var starts: [Int] = []
      for text in texts {
        starts.append(all.count)
        all.append(contentsOf: text)
      }
      return all.withUnsafeBufferPointer { buffer in
        body(starts.map { start in buffer.baseAddress.map { $0 + start } })
      }
    }

    func scan(_ subject: Span<UInt8>, count: Int) -> [UInt64]? {
      guard subject.count <= Int(UInt32.max), let scratch = takeScratch() else { return nil }
      defer { giveBack(scratch) }
      var words = [UInt64](repeating: 0, count: (count + 63) >> 6)
      let isScanned = words.withUnsafeMutableBufferPointer { words in
        subject.withUnsafeBytes { octets in
          databases.allSatisfy { database in
            hs_scan(
              OpaquePointer(bitPattern: database), octets.baseAddress?.assumingMemoryBound(to: CChar.self),
              UInt32(octets.count), 0, OpaquePointer(bitPattern: scratch),
              { place, _, _, _, context in
                context?.assumingMemoryBound(to: UInt64.self)[Int(place >> 6)] |= 1 << UInt64(place & 63)
                return 0
              }, words.baseAddress) == HS_SUCCESS
          }
        }
      }
      return isScanned ? words : nil
    }

    private func takeScratch() -> UInt? {
      if let known = idle.withLock({ $0.popLast() }) { return known }
      var scratch: OpaquePointer?
      for database in databases
      where hs_alloc_scratch(OpaquePointer(bitPattern: database), &scratch) != HS_SUCCESS {
        hs_free_scratch(scratch)
        return nil
      }
      return scratch.map { UInt(bitPattern: $0) }
    }

    private func giveBack(_ scratch: UInt) {
      let isKept = idle.withLock {
        guard $0.count < Self.mostIdle else { return false }
        $0.append(scratch)
        return true
      }
      if !isKept { hs_free_scratch(OpaquePointer(bitPattern: scratch)) }
    }

    /// Each database behind its number of octets, in eight.
    func serialized() -> [UInt8]? {
      var all: [UInt8] = []
      for database in databases {
        var octets: UnsafeMutablePointer<CChar>?
        var count = 0
        guard hs_serialize_database(OpaquePointer(bitPattern: database), &octets, &count) == HS_SUCCESS,
          let octets
        else { return nil }
        defer { free(octets) }
        for shift in stride(from: 0, to: 64, by: 8) { all.append(UInt8(truncatingIfNeeded: count >> shift)) }
        all += UnsafeRawBufferPointer(start: octets, count: count)
      }
      return all
    }

    convenience init?(serialized octets: Span<UInt8>) {
      var databases: [OpaquePointer] = []
      var rest = octets
      while rest.count >= 8 {
        let count = (0..<8).reduce(0) { $0 | Int(rest[$1]) << (8 * $1) }
        rest = rest.extracting(droppingFirst: 8)
        guard (0...rest.count).contains(count) else { break }
        var database: OpaquePointer?
        let result = rest.extracting(first: count).withUnsafeBytes {
          hs_deserialize_database($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, &database)
        }
        guard result == HS_SUCCESS, let database else { break }
        databases.append(database)
        rest = rest.extracting(droppingFirst: count)
      }
      guard rest.isEmpty, !databases.isEmpty else {
        for database in databases { hs_free_database(database) }
        return nil
      }
      self.init(databases)
    }
  }
#else
  /// Stands in where the library is not built in: there is never a database, and PCRE2 answers alone.
  final class ScanEngine: Sendable {
    static var library: String? { nil }
    static func kind(of member: PatternSet.Member) -> ScanDatabase.Kind { .unscanned }
    static func compile(_ members: [PatternSet.Member], _ kinds: inout [ScanDatabase.Kind]) -> ScanEngine? {
      nil
    }
    init?(serialized octets: Span<UInt8>) { nil }
    func scan(_ subject: Span<UInt8>, count: Int) -> [UInt64]? { nil }
    func serialized() -> [UInt8]? { nil }
  }
#endif
